package e2e

import (
	"context"
	"fmt"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"

	"docker-extension/test/harness/agent"
)

// Runs that meet, and runs that are cut off.
func TestTakeover(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.provisionAccount()
		bare := l.look()
		l.sameNumberAtOnceAndKilled()
		l.newerTakesOver()
		l.killedInDpkg()
		l.disabledInTheMiddle()
		if err := l.agent.Uninstall(l.ctx()); err != nil {
			l.Error(err)
		}
		l.wantAsBefore(bare, dpkgLeftovers(l.vm.Suite()))
	})
}

// labelled are settings that can be told apart.
func labelled(label string) string {
	return fmt.Sprintf(`{"docker":{"options":["--label","run=%s"]}}`, label)
}

// holdDpkg takes dpkg's lock, as an unattended upgrade does, until release is called.
func (l *lab) holdDpkg() (release func()) {
	l.Helper()
	l.hold("/var/lib/dpkg/lock-frontend")
	return l.letGo
}

// running counts the processes of the VM whose command line matches.
func (l *lab) running(pattern string) string {
	l.Helper()
	return l.sh("ps -e -o args= | grep -v grep | grep -c -- '" + pattern + "' || true")
}

const worker = "^/var/lib/docker-extension/bin/docker-extension converge"

// awaitApt waits until the run says that it waits for the lock, and for whom.
func (l *lab) awaitApt() {
	l.Helper()
	l.await("a run that waits", func(context.Context) bool {
		s, err := l.agent.Status()
		return err == nil && strings.Contains(show(s), "waiting for python3 (process ") && strings.Contains(show(s), "which holds /var/lib/dpkg/lock-frontend")
	})
}

// runs tells how often the work unit was started.
func (l *lab) runs() int {
	l.Helper()
	return l.count("docker-extension-converge.service", "^Started ")
}

// count counts lines in a unit's journal, with what journald has not written down yet.
func (l *lab) count(unit, pattern string) int {
	l.Helper()
	n, err := strconv.Atoi(l.sh(fmt.Sprintf("journalctl --sync; journalctl -o cat -u %s | grep -c '%s' || true", unit, pattern)))
	if err != nil {
		l.Fatal(err)
	}
	return n
}

// Five commands with one sequence number, the settings of which nobody has seen: one run, and all five
// say that it is well. When it is killed it begins again by itself.
func (l *lab) sameNumberAtOnceAndKilled() {
	l.enable(l.settings(`{"docker":{"prot":1}}`, nil)) // installs the extension and no more
	handler, _ := l.agent.Current()
	file, err := l.settings(labelled("one"), nil).Seal(l.ctx(), l.agent.Tenant())
	if err != nil {
		l.Fatal(err)
	}
	content, err := file.Bytes()
	if err != nil {
		l.Fatal(err)
	}
	if err := l.vm.WriteFile(path.Join(handler.Dir(), "config/1.settings"), 0o644, content); err != nil {
		l.Fatal(err)
	}
	release := l.holdDpkg()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if call, err := l.agent.Run(l.ctx(), handler, "enable", 1); err != nil {
				l.Errorf("one of five at once: %v: %s", err, call.Stderr)
			}
		})
	}
	all.Wait()
	l.awaitApt()
	if runs, workers := l.runs(), l.running(worker); runs != 1 || workers != "1" {
		l.Errorf("five at once made %d runs, %s at once", runs, workers)
	}
	l.killWorker()
	l.await("the run after the kill", func(context.Context) bool { return l.runs() == 2 })
	l.awaitApt()
	release()
	if s := l.wait(); s.State != agent.Success {
		l.Fatalf("five at once: %s", show(s))
	}
	l.wantLabel("one")
	l.wantStarts(1)
}

func (l *lab) wantLabel(label string) {
	l.Helper()
	if got := l.sh("docker info --format '{{.Labels}}'"); got != "[run="+label+"]" {
		l.Errorf("docker info says %s, wanted %s", got, label)
	}
}

// wantStarts wants that the engine has been started that often in the life of the VM.
func (l *lab) wantStarts(total int) {
	l.Helper()
	if starts := l.count("docker.service", "^Starting "); starts != total {
		l.Errorf("the engine has been started %d times, wanted %d", starts, total)
	}
}

// stuck brings the host to a run that waits for dpkg's lock.
func (l *lab) stuck(label string) (release func()) {
	l.Helper()
	if err := l.agent.Uninstall(l.ctx()); err != nil {
		l.Fatal(err)
	}
	release = l.holdDpkg()
	if err := l.agent.Enable(l.ctx(), l.pkg, l.settings(labelled(label), nil)); err != nil {
		l.Fatal(err)
	}
	l.awaitApt()
	return release
}

// Newer settings arrive while older ones wait for apt.
func (l *lab) newerTakesOver() {
	release := l.stuck("old")
	runs := l.runs()
	handler, _ := l.agent.Current()
	old, _ := l.agent.Seq()
	if err := l.agent.EnableAgain(l.ctx()); err != nil {
		l.Errorf("the same number again: %v", err)
	}
	if err := l.agent.Enable(l.ctx(), l.pkg, l.settings(labelled("new"), nil)); err != nil {
		l.Errorf("the next number: %v", err)
	}
	if workers := l.running(worker); workers != "1" {
		l.Errorf("%s runs at once", workers)
	}
	release()
	if s := l.wait(); s.State != agent.Success {
		l.Fatalf("the newer settings: %s", show(s))
	}
	l.wantLabel("new")
	if s, err := l.agent.StatusOf(handler, old); err != nil || s.State != agent.Error || s.Code != 23 {
		l.Errorf("the older settings: %s, error %v", show(s), err)
	}
	if now := l.runs(); now != runs {
		l.Errorf("%d more runs", now-runs)
	}
	l.wantStarts(2)
}

// killWorker kills the work unit's process as the kernel does when memory is short.
func (l *lab) killWorker() {
	l.Helper()
	l.sh("systemctl kill --signal=KILL --kill-who=main docker-extension-converge.service")
}

// A run that is killed together with dpkg, in the middle of its work.
func (l *lab) killedInDpkg() {
	release := l.stuck("dpkg")
	release()
	l.await("dpkg", func(context.Context) bool { return l.running("dpkg .*--unpack") != "0" })
	l.killWorker()
	if s := l.wait(); s.State != agent.Success {
		l.Fatalf("after the kill: %s", show(s))
	}
	l.wantLabel("dpkg")
	if broken := l.sh("dpkg --audit"); broken != "" {
		l.Errorf("dpkg says: %s", broken)
	}
}

// Disable while a run waits: the run gives way at once, and disable has the last word.
func (l *lab) disabledInTheMiddle() {
	release := l.stuck("disabled")
	if err := l.agent.Disable(l.ctx()); err != nil {
		l.Errorf("disable: %v", err)
	}
	release()
	if engines := l.running("^/usr/s\\?bin/dockerd"); engines != "0" {
		l.Errorf("%s engines run after disable", engines)
	}
	if s, err := l.agent.Status(); err != nil || s.State != agent.Success || !strings.Contains(s.Message, "stopped") {
		l.Errorf("status after disable: %s, error %v", show(s), err)
	}
	if workers := l.running(worker); workers != "0" {
		l.Errorf("%s runs are left", workers)
	}
	if err := l.agent.EnableAgain(l.ctx()); err != nil {
		l.Error(err)
	}
	if s := l.wait(); s.State != agent.Success {
		l.Fatalf("enable after disable: %s", show(s))
	}
	l.wantLabel("disabled")
}
