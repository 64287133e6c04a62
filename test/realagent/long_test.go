//go:build long

package realagent

import (
	"strings"
	"testing"
	"time"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/harness/agent"
)

// The lock of dpkg is held for minutes, and we wait for it.
func TestLockForMinutes(t *testing.T) {
	onEachSuite(t, func(l *lab) { l.neighbours(3 * time.Minute) })
}

// Packages that cannot be had, and are repaired: for an installation, then for an update, during which
// the container answers. Agent 2.7.3 tries twice for each, with a minute after each try.
func TestPackageFaults(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		if err := l.agent.Start(l.ctx()); err != nil {
			l.Fatal(err)
		}
		l.step("package "+azure.NotFound, func() { l.packageFault(azure.NotFound) })
		l.configure(firstSettings)
		l.succeed()
		web, engine := l.runWeb(), l.engine()
		stop := l.poll()
		l.goal.Version = "99.4.0"
		l.fabric.Publish(extension, agent.Package{Version: l.goal.Version, Zip: l.pkg.Zip})
		for _, fault := range []string{azure.Broken, azure.Truncated} {
			l.step("package "+fault, func() { l.packageFault(fault) })
		}
		l.step("package "+azure.Slow, func() {
			l.fabric.SetFaults(azure.Faults{Package: azure.Slow, Delay: 90 * time.Second})
			l.set()
			l.succeed()
		})
		stop()
		l.wantEngine(engine)
		web.wantUntouched(l)
	})
}

// packageFault wants the agent to fail for want of the package, and mends the fabric.
func (l *lab) packageFault(fault string) {
	l.Helper()
	l.fabric.SetFaults(azure.Faults{Package: fault})
	l.set()
	r := l.await("the failed download", func(r report) bool { return r.Version == l.goal.Version && r.Status == "NotReady" && r.Code != 0 })
	l.Log(show(r))
	if r.Code != agent.CodeDownload || !strings.Contains(strings.ToLower(r.Message), "download") {
		l.Errorf("the agent reports %s", show(r))
	}
	l.fabric.SetFaults(azure.Faults{})
}
