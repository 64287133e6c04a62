package realagent

import (
	"context"
	"strings"
	"testing"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/harness/agent"
)

// Everything goes wrong with the first installation, one thing after the other, and each of them is
// told in the uploaded status.
func TestTrouble(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.step("an operating system that is not supported", l.unsupported)
		l.step("apt without network", l.withoutNetwork)
		l.step("the agent is killed while we work", l.agentKilled)
		l.step("lost uploads", l.lostUploads)
	})
}

// unsupported replaces os-release. The agent reports no status of an extension that did not install,
// only what install printed.
func (l *lab) unsupported() {
	const file = "/usr/lib/os-release"
	release, err := l.vm.ReadFile(file)
	if err != nil {
		l.Fatal(err)
	}
	l.write(file, "PRETTY_NAME=\"Fedora Linux 42\"\nID=fedora\nVERSION_ID=42\n")
	l.configure(firstSettings)
	if err := l.agent.Start(l.ctx()); err != nil {
		l.Fatal(err)
	}
	r := l.await("the refusal", func(r report) bool { return r.Status == "NotReady" && r.Code != 0 })
	l.Log(show(r))
	if r.Code != agent.CodeInstall || !strings.Contains(r.Message, "Non-zero exit code: 51,") ||
		!strings.Contains(r.Message, "Fedora Linux 42 is not supported") {
		l.Errorf("the agent reports %s", show(r))
	}
	l.write(file, string(release))
}

func (l *lab) write(path, content string) {
	l.Helper()
	if err := l.vm.WriteFile(path, 0o644, []byte(content)); err != nil {
		l.Fatal(err)
	}
}

// withoutNetwork lets the agent try again, which it does at the next goal state only, and does not wait for
// the network.
func (l *lab) withoutNetwork() {
	if err := l.vm.Offline(l.ctx(), true); err != nil {
		l.Fatal(err)
	}
	l.configure(`{"docker":{"port":"2376","options":["--label","foo=bar"],"waitMinutes":0}}`)
	r := l.await("an error", l.ended)
	l.Log(show(r))
	if r.Extension.State != agent.Error || r.Extension.Code != codePackageInstall || r.Status != "Ready" ||
		!strings.Contains(r.Extension.Message, "let the VM resolve names") {
		l.Errorf("the agent reports %s", show(r))
	}
	if err := l.vm.Offline(l.ctx(), false); err != nil {
		l.Fatal(err)
	}
}

// working waits until the agent has reported that packages are being installed.
func (l *lab) working() {
	l.Helper()
	l.await("the installation of packages", func(r report) bool {
		if r.Extension == nil || r.Extension.State != agent.Transitioning {
			return false
		}
		for _, sub := range r.Extension.Substatus {
			if sub.Name == "packages" && sub.State == agent.Transitioning {
				return true
			}
		}
		return false
	})
}

// agentKilled kills the agent in the middle of the work, and replaces the goal state while it is gone
// and again when it is back: the newest settings win, and it is their end that is reported.
func (l *lab) agentKilled() {
	l.fabric.Next()
	l.working()
	worker := l.worker()
	mark := l.restartAgent(func(ctx context.Context) error { return l.agent.Kill(ctx) })
	if now := l.worker(); now != worker {
		l.Errorf("the work unit has process %s, before the agent was killed %s", now, worker)
	}
	l.awaitAfter(mark, "a report of the new agent", func(r report) bool { return r.Extension != nil })
	l.configure(`{"docker":{"port":"2377","options":["--label","round=2"]}}`)
	l.configure(secondSettings)
	r := l.succeed()
	l.Log(show(r))
	if labels := l.sh("docker info --format '{{.Labels}}'"); labels != "[foo=baz]" {
		l.Errorf("docker info says %s", labels)
	}
	l.wantRemote("2376")
	if starts := l.sh("journalctl --sync; journalctl -u docker.service -o cat | grep -c '^Starting docker.service'"); starts != "1" {
		l.Logf("the engine was started %s times", starts)
	}
}

// worker gives the process of the work unit.
func (l *lab) worker() string {
	l.Helper()
	pid := l.sh("systemctl show docker-extension-converge.service -P MainPID")
	if pid == "0" {
		l.Fatal("the work unit does not run")
	}
	return pid
}

// lostUploads has the fabric lose statuses over both ways; the agent goes on and so do we.
func (l *lab) lostUploads() {
	l.fabric.SetFaults(azure.Faults{LoseStatus: true})
	mark := l.fabric.Mark()
	l.configure(firstSettings)
	l.until("the new label", func() bool { return l.sh("docker info --format '{{.Labels}}'") == "[foo=bar]" })
	if now := l.fabric.Mark(); now != mark {
		l.Errorf("%d uploads came through", now-mark)
	}
	l.fabric.SetFaults(azure.Faults{})
	l.succeed()
}

// A VM that loses its power while packages are installed comes back, the agent with it, and the work
// is done to its end.
func TestPowerCut(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.configure(firstSettings)
		if err := l.agent.Start(l.ctx()); err != nil {
			l.Fatal(err)
		}
		l.working()
		l.until("dpkg", func() bool { return l.sh("pgrep -x dpkg || true") != "" })
		if err := l.vm.HardStop(l.ctx()); err != nil {
			l.Fatal(err)
		}
		mark := l.fabric.Mark()
		if err := l.vm.PowerOn(l.ctx()); err != nil {
			l.Fatal(err)
		}
		r := l.awaitAfter(mark, "an end", l.ended)
		l.Log(show(r))
		if r.Extension.State != agent.Success {
			l.Errorf("the agent reports %s", show(r))
		}
		if broken := l.sh("dpkg --audit"); broken != "" {
			l.Errorf("dpkg --audit: %s", broken)
		}
		l.wantRemote("2376")
	})
}

// A new version of the extension comes while the old one is at work: the work goes on, and the new
// version reports its end.
func TestUpdateWhileWorking(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.configure(firstSettings)
		if err := l.agent.Start(l.ctx()); err != nil {
			l.Fatal(err)
		}
		l.working()
		l.worker()
		l.updateTo(l.newer())
		l.Log(show(l.newestReport()))
		l.wantRemote("2376")
	})
}

func (l *lab) newestReport() report {
	l.Helper()
	newest := l.newest()
	h, ok := newest.Handler(extension)
	if !ok {
		l.Fatal("we are not in the newest upload")
	}
	return report{h, newest.Goal}
}
