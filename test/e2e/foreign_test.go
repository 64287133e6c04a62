package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
)

// A Docker that somebody installed, configured and uses: the extension adds itself and goes again.
func TestForeignEngine(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.installForeign()
		before := l.lookForeign()
		mine := l.runContainer("mine", "always", "--volume kept:/data")
		l.sh("docker exec mine sh -c 'echo precious >/data/file'")
		l.keepForeign(mine)
		l.joinForeign(mine)
		l.rejoinForeign()
		l.leaveForeign(before)
	})
}

// keepForeign names another source, which would replace the person's engine: refused, with two ways out.
func (l *lab) keepForeign(mine container) {
	for _, source := range []string{`"docker"`, `{"url":"http://127.0.0.1:9","suite":"good"}`} {
		s := l.enable(l.settings(`{"docker":{"source":`+source+`}}`, nil))
		if s.State != agent.Error || s.Code != 13 || !strings.Contains(s.Message, "cannot replace the engine of the package docker.io, which was here before the extension (remove docker.source") {
			l.Errorf("another source: %s", show(s))
		}
	}
	mine.wantUntouched(l)
	l.sh("test ! -e /etc/apt/sources.list.d/docker.sources && test ! -e /var/lib/docker-extension/ledger.json")
}

const (
	foreignMode   os.FileMode = 0o640
	foreignDaemon             = "{\"debug\" :true,\n\n\t\"labels\": [ \"mine=1\" ],   \"max-concurrent-downloads\":2}"
	foreignCert               = "not a certificate, but a person's own file\n"
)

// installForeign is what a person has done by hand.
func (l *lab) installForeign() {
	l.Helper()
	l.provisionAccount()
	for path, content := range map[string]string{"/etc/docker/daemon.json": foreignDaemon, "/etc/docker/cert.pem": foreignCert} {
		if err := l.vm.WriteFile(path, foreignMode, []byte(content)); err != nil {
			l.Fatal(err)
		}
	}
	packages := "docker.io"
	if l.vm.Suite() != "bookworm" {
		packages += " docker-cli"
	}
	l.sh("export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && apt-get -qq install --no-install-recommends " + packages)
}

// lookForeign is the host as the extension found it. The tools for groups keep the last version of
// their files, which says nothing.
func (l *lab) lookForeign() appearance {
	l.Helper()
	a := l.look()
	delete(a.etc, "/etc/group-")
	delete(a.etc, "/etc/gshadow-")
	return a
}

// Enable adds its keys to those of the person, and containers do not notice, although the engine had
// no live-restore before.
func (l *lab) joinForeign(mine container) {
	engine := l.enginePID()
	status := l.succeed(l.remote(`{"docker":{"port":"2376","options":["--label","ours=2","--max-download-attempts","7"]},"uninstall":{"purgeData":true}}`))
	if !strings.Contains(show(status), "which was here before the extension") {
		l.Errorf("nothing is said about the engine that was there: %s", show(status))
	}
	mine.wantUntouched(l)
	l.wantVersion(l.keys, 2376)
	l.wantNobodyElse(l.keys, 2376)
	l.wantDaemonKeys(map[string]any{
		"debug": true, "max-concurrent-downloads": 2.0, // the person's
		"labels": []any{"ours=2"}, "max-download-attempts": 7.0, "live-restore": true, "tlsverify": true,
		"tlscacert": "/etc/docker/ca.pem", "tlscert": "/etc/docker/cert.pem", "tlskey": "/etc/docker/key.pem",
	})
	if mode := l.sh("stat -c %a /etc/docker/daemon.json"); mode != "640" {
		l.Errorf("daemon.json has mode %s now", mode)
	}
	if now := l.enginePID(); now == engine {
		l.Error("the engine was not restarted for its new listener")
	}
	if got := l.sh("docker info --format '{{.Labels}} {{.LiveRestoreEnabled}} {{.Debug}}'"); got != "[ours=2] true true" {
		l.Errorf("docker info says %s", got)
	}
}

func (l *lab) wantDaemonKeys(want map[string]any) {
	l.Helper()
	content, err := l.vm.ReadFile("/etc/docker/daemon.json")
	if err != nil {
		l.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(content, &got); err != nil {
		l.Fatal(err)
	}
	wanted, _ := json.Marshal(want)
	is, _ := json.Marshal(got)
	if string(wanted) != string(is) {
		l.Errorf("daemon.json has\n%s\nwanted\n%s", is, wanted)
	}
}

// Disable and enable again, as with an engine of ours.
func (l *lab) rejoinForeign() {
	if err := l.agent.Disable(l.ctx()); err != nil {
		l.Fatal(err)
	}
	l.wantStopped()
	if err := l.agent.EnableAgain(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if s := l.wait(); s.State != agent.Success {
		l.Fatalf("enable after disable: %s", show(s))
	}
	l.wantVersion(l.keys, 2376)
	l.container("mine")
}

// Uninstall gives the engine back as it was found: configured by the person alone, running. The settings say
// that the data is to go; this data is the person's, and the log says that it stays.
func (l *lab) leaveForeign(before appearance) {
	if err := l.agent.Uninstall(l.ctx()); err != nil {
		l.Fatalf("uninstall: %v", err)
	}
	l.sh("grep -q 'are kept in spite of uninstall.purgeData, because the engine was here before the extension' /var/log/azure/*/docker-extension.log")
	now := l.lookForeign()
	if changed := differences(before.etc, now.etc); len(changed) > 0 {
		l.Errorf("what differs in /etc:\n\t%s", strings.Join(changed, "\n\t"))
	}
	if now.installed != before.installed || now.groups != before.groups {
		l.Errorf("packages or groups differ:\n%s\n%s, before %s",
			strings.Join(lineDifferences(before.installed, now.installed), "\n"), now.groups, before.groups)
	}
	if content, err := l.vm.ReadFile("/etc/docker/daemon.json"); err != nil || string(content) != foreignDaemon {
		l.Errorf("daemon.json is %q, error %v", content, err)
	}
	if got := l.sh("systemctl is-active docker.service docker.socket; systemctl is-enabled docker.service docker.socket"); got != "active\nactive\nenabled\nenabled" {
		l.Errorf("the units are %q", strings.Fields(got))
	}
	if got := l.sh("docker info --format '{{.Labels}} {{.LiveRestoreEnabled}} {{.Debug}}'"); got != "[mine=1] false true" {
		l.Errorf("docker info says %s", got)
	}
	l.wantClosed(2376)
	l.container("mine")
	if got := l.sh("docker exec mine cat /data/file"); got != "precious" {
		l.Errorf("the volume's file says %q", got)
	}
	l.wantNothingOfOurs()
}
