package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/pki"
)

// The main job, from a fresh VM through everything that a living extension goes through.
func TestJourney(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		var web container
		l.stage("first enable", l.firstEnable)
		l.stage("nothing to do", l.nothingToDo)
		l.stage("container", func() { web = l.runContainer("web", "always") })
		l.stage("new label", func() { l.newLabel(web) })
		l.stage("new port", func() { l.newPort(web) })
		l.stage("new certificates", func() { l.newCertificates(web) })
		l.stage("older sequence number", func() { l.olderNumber(web) })
		l.stage("other versions", func() { l.otherVersions(web) })
		l.stage("reboot", l.afterReboot)
	})
}

const journeySettings = `{"docker":{"port":"2376","options":["--label","foo=bar"]}}`

// A fresh VM becomes a Docker host, with one start of the engine, and lets in whom it should.
func (l *lab) firstEnable() {
	l.sh("useradd --create-home azureuser && echo 'azureuser ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/waagent")
	if err := l.agent.Enable(l.ctx(), l.pkg, l.remote(journeySettings)); err != nil {
		l.Fatal(err)
	}
	walk, err := l.agent.WaitTerminal(l.ctx(), nil)
	if err != nil || strings.Join(walk.States(), " ") != "transitioning success" {
		l.Fatalf("the walk was %v, error %v; last %s", walk.States(), err, show(walk.Last()))
	}
	l.Log(show(walk.Last()))
	l.wantVersion(l.keys, 2376)
	l.wantNobodyElse(l.keys, 2376)
	if labels := l.sh("docker info --format '{{.Labels}} {{.LiveRestoreEnabled}}'"); labels != "[foo=bar] true" {
		l.Errorf("docker info says %s", labels)
	}
	if starts := l.sh("journalctl --sync; journalctl -u docker.service -o cat | grep -c '^Starting docker.service'"); starts != "1" {
		l.Errorf("the engine was started %s times", starts)
	}
	if restarts := l.sh("systemctl show docker.service -P NRestarts"); restarts != "0" {
		l.Errorf("the engine was restarted %s times", restarts)
	}
	if who := l.sh("id -nG azureuser"); !strings.Contains(who, "docker") {
		l.Errorf("azureuser is in the groups %s", who)
	}
	if enabled := l.sh("systemctl is-enabled docker.service docker.socket"); enabled != "enabled\nenabled" {
		l.Errorf("at boot: %s", enabled)
	}
	if unwanted := l.sh("dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' needrestart git 2>/dev/null | grep ^i || true"); unwanted != "" {
		l.Errorf("recommended packages came along: %s", unwanted)
	}
	peak := l.sh("grep -o 'peak_memory_kib=[0-9]*' " + agent.LogDir + "/" + agent.DefaultName + "/docker-extension.log | tail -n1")
	l.Logf("the work unit: %s", peak)
	var kib int
	if _, err := fmt.Sscanf(peak, "peak_memory_kib=%d", &kib); err != nil || kib > 40<<10 {
		l.Errorf("the work unit took %s, more than 40 MB", peak)
	}
}

// Enabled again, once, five times at once and after a restart of the agent: nothing is written,
// no unit is touched, no child is started.
func (l *lab) nothingToDo() {
	before := l.untouched()
	if err := l.agent.EnableAgain(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if s, err := l.agent.Status(); err != nil || s.State != agent.Success || !strings.Contains(s.Message, "nothing had to be changed") {
		l.Errorf("status %s, error %v", show(s), err)
	}
	handler, _ := l.agent.Current()
	seq, _ := l.agent.Seq()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if _, err := l.agent.Run(l.ctx(), handler, "enable", seq); err != nil {
				l.Errorf("one of five at once: %v", err)
			}
		})
	}
	all.Wait()
	if err := l.agent.Restart(l.ctx()); err != nil {
		l.Error(err)
	}
	before.check(l)
	l.wantNoChild(handler, seq)
}

// wantNoChild counts the processes that the binary starts when there is nothing to do.
func (l *lab) wantNoChild(handler agent.Handler, seq int) {
	l.Helper()
	out := l.sh(fmt.Sprintf(`cd %[1]s && AZURE_GUEST_AGENT_EXTENSION_PATH=%[1]s ConfigSequenceNumber=%[2]d \
		strace -f -qq -e trace=execve,connect -o /tmp/trace bin/docker-extension-$(dpkg --print-architecture) enable >/dev/null
		grep -c execve /tmp/trace; grep -c dbus /tmp/trace; grep -c systemd/private /tmp/trace; rm /tmp/trace`, handler.Dir(), seq))
	if out != "1\n0\n0" {
		l.Errorf("programs executed, connections to D-Bus and to systemd: %q", strings.Fields(out))
	}
}

// A label is reloaded: the engine's process stays.
func (l *lab) newLabel(web container) {
	engine := l.enginePID()
	l.succeed(l.remote(`{"docker":{"port":"2376","options":["--label","foo=baz"]}}`))
	if labels := l.sh("docker info --format '{{.Labels}}'"); labels != "[foo=baz]" {
		l.Errorf("docker info says %s", labels)
	}
	if now := l.enginePID(); now != engine {
		l.Errorf("the engine was restarted for a label: process %s, before %s", now, engine)
	}
	web.wantUntouched(l)
}

// A new port: the old one closes, and containers do not notice.
func (l *lab) newPort(web container) {
	l.succeed(l.remote(`{"docker":{"port":2377,"options":["--label","foo=baz"]}}`))
	l.wantVersion(l.keys, 2377)
	l.wantClosed(2376)
	web.wantUntouched(l)
}

// Rotated certificates: the new one is served, and the old authority's clients are out. A request that
// the old process had in hand may be lost; those after it wait in the socket's queue.
func (l *lab) newCertificates(web container) {
	rotated, err := pki.NewSet(nil, "vm.example.com")
	if err != nil {
		l.Fatal(err)
	}
	// The same authority, so that a client can follow through the change.
	pair, err := l.keys.Authority.Server(parseIP(l.vm.Address()), "rotated.example.com")
	if err != nil {
		l.Fatal(err)
	}
	same := *l.keys
	same.Server = pair
	stop := l.poll(l.keys, 2377)
	triple := same.Triple()
	l.succeed(l.settings(`{"docker":{"port":2377,"options":["--label","foo=baz"]}}`, &triple))
	answers, failures, slowest := stop()
	l.Logf("rotation: %d answers, %d failures, the slowest in %s", answers, failures, slowest.Round(time.Millisecond))
	if answers == 0 {
		l.Error("a client that asks all the time got no answer")
	}
	if names := l.servedNames(2377); !strings.Contains(names, "rotated.example.com") {
		l.Errorf("the certificate that is served is for %s", names)
	}
	web.wantUntouched(l)

	rotated.Server, err = rotated.Authority.Server(parseIP(l.vm.Address()), "vm.example.com")
	if err != nil {
		l.Fatal(err)
	}
	triple = rotated.Triple()
	l.succeed(l.settings(`{"docker":{"port":2377,"options":["--label","foo=baz"]}}`, &triple))
	l.wantVersion(rotated, 2377)
	if _, err := l.version(l.client(l.keys, true), 2377); err == nil {
		l.Error("a client of the old authority is still let in")
	}
	l.keys = rotated
	web.wantUntouched(l)
}

// A sequence number that has been used before brings its own settings, as after a redeployment: the
// number names the status file and says nothing about the order.
func (l *lab) olderNumber(web container) {
	file, err := l.remote(`{"docker":{"port":2377,"options":["--label","foo=again"]}}`).Seal(l.ctx(), l.agent.Tenant())
	if err != nil {
		l.Fatal(err)
	}
	content, err := file.Bytes()
	if err != nil {
		l.Fatal(err)
	}
	if err := l.agent.Apply(l.ctx(), agent.Goal{Package: l.pkg, Seq: 0, Settings: content}); err != nil {
		l.Fatal(err)
	}
	handler, _ := l.agent.Current()
	l.await("success under the old number", func(context.Context) bool {
		s, err := l.agent.StatusOf(handler, 0)
		return err == nil && s.Terminal()
	})
	if labels := l.sh("docker info --format '{{.Labels}}'"); labels != "[foo=again]" {
		l.Errorf("docker info says %s", labels)
	}
	web.wantUntouched(l)
}

// An update to a newer version and back: neither the engine nor a container notices.
func (l *lab) otherVersions(web container) {
	engine := l.enginePID()
	newer := l.pkg
	newer.Version = "9.9.0"
	for _, pkg := range []agent.Package{newer, l.pkg} {
		if err := l.agent.Update(l.ctx(), pkg); err != nil {
			l.Fatalf("update to %s: %v", pkg.Version, err)
		}
		if s := l.wait(); s.State != agent.Success {
			l.Fatalf("after the update to %s: %s", pkg.Version, show(s))
		}
		if handlers := l.agent.Handlers(); len(handlers) != 1 || handlers[0].Version() != pkg.Version {
			l.Errorf("handlers after the update to %s: %v", pkg.Version, handlers)
		}
		if now := l.enginePID(); now != engine {
			l.Errorf("the update to %s restarted the engine", pkg.Version)
		}
		web.wantUntouched(l)
		l.wantVersion(l.keys, 2377)
	}
	l.Logf("calls: %s", strings.Join(l.agent.Order(), ", "))
}

// After a reboot the engine is there without us, and enable leaves it alone.
func (l *lab) afterReboot() {
	if err := l.vm.Reboot(l.ctx()); err != nil {
		l.Fatal(err)
	}
	l.await("the engine after the reboot", func(context.Context) bool {
		_, err := l.version(l.client(l.keys, true), 2377)
		return err == nil
	})
	before := l.untouched()
	if err := l.agent.Restart(l.ctx()); err != nil {
		l.Error(err)
	}
	if s := l.wait(); s.State != agent.Success || !strings.Contains(s.Message, "nothing had to be changed") {
		l.Errorf("after the reboot: %s", show(s))
	}
	before.check(l)
	if running := l.sh("docker ps --format '{{.Names}}'"); running != "web" {
		l.Errorf("containers after the reboot: %q", running)
	}
}
