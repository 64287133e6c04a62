package realagent

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/harness/agent"
)

const (
	holderName   = "Test.Neighbours.LockHolder"
	followerName = "Test.Neighbours.Follower"
)

// Other extensions on the VM: one that we follow and that holds dpkg's lock in the background, and one
// that follows us and needs the engine.
func TestNeighbours(t *testing.T) {
	onEachSuite(t, func(l *lab) { l.neighbours(20 * time.Second) })
}

func (l *lab) neighbours(hold time.Duration) {
	l.publish(holderName, fmt.Sprintf(`setsid python3 -c '
import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
open("/run/holding", "w").close()
time.sleep(%d)
open("/run/let-go", "w").close()' >/dev/null 2>&1 &
while [ ! -e /run/holding ]; do sleep 0.1; done`, int(hold.Seconds())))
	l.publish(followerName, "docker version >/run/follower 2>&1")
	l.goal.Level, l.goal.DependsOn = 2, []string{holderName}
	l.others = []azure.Extension{
		{Name: followerName, Version: "1.0.0", Settings: l.settings(`{}`, nil), Level: 3, DependsOn: []string{extension}},
		{Name: holderName, Version: "1.0.0", Settings: l.settings(`{}`, nil), Level: 1},
	}
	l.configure(firstSettings)
	if err := l.agent.Start(l.ctx()); err != nil {
		l.Fatal(err)
	}
	r := l.succeed()
	l.Log(show(r))
	if got := l.sh("ls /run/let-go"); got != "/run/let-go" {
		l.Errorf("we did not wait for dpkg's lock: %s", got)
	}
	for _, upload := range l.fabric.Uploads() {
		if h, ok := upload.Handler(extension); ok && h.Extension != nil && !h.Extension.Terminal() {
			l.Errorf("upload %d: the agent reports while others wait for us; docs/real-agent.md says that it does not", upload.Number)
		}
	}
	for _, name := range []string{holderName, followerName} {
		if h, ok := l.newest().Handler(name); !ok || h.Status != "Ready" || h.Extension == nil || h.Extension.State != agent.Success {
			l.Errorf("%s: %+v", name, h)
		}
	}
	if got := l.sh("cat /run/follower"); !strings.Contains(got, "Server:") {
		l.Errorf("the extension that depends on us found no engine: %s", got)
	}
}

func (l *lab) newest() azure.Upload {
	all := l.fabric.Uploads()
	return all[len(all)-1]
}

// publish publishes an extension whose enable is a piece of shell, after which it reports success.
func (l *lab) publish(name, enable string) {
	l.Helper()
	const manifest = `[{"version": 1.0, "handlerManifest": {"installCommand": "run install", "enableCommand": "run enable",
  "disableCommand": "run disable", "updateCommand": "run update", "uninstallCommand": "run uninstall"}}]`
	script := "#!/bin/sh\n[ \"$1\" = enable ] || exit 0\n" + enable + `
cat >status/$ConfigSequenceNumber.status <<END
[{"version": 1.0, "status": {"status": "success", "formattedMessage": {"lang": "en-US", "message": "done"}}}]
END
`
	l.fabric.Publish(name, agent.Package{Version: "1.0.0", Zip: l.zip(map[string]string{"HandlerManifest.json": manifest, "run": script})})
}
