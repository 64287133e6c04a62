package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
	"docker-extension/test/vm"
)

// mishap is one bad day of a VM: how it comes, and what is to come of it. Whatever it is, three questions
// are asked at its end: does an engine serve, the old or the new one; has every container kept its
// process, or at least its data; and does the next enable end in success, and leave nothing to do?
type mishap struct {
	name string
	// brief says that the row is part of `make test`; the others need the build tag long.
	brief bool
	// fresh says that the engine is to be installed; it is there, with data from before, otherwise.
	fresh bool
	// strike breaks the VM, and gives what mends it; nil where enable is to get over it by itself.
	strike func(l *lab) (mend func())
	// settings are those of the enable on the broken VM; the usual ones with another label otherwise.
	settings func(l *lab) agent.Settings
	// meanwhile is done instead of that enable.
	meanwhile func(l *lab, s agent.Settings) ending
	// code is that of the ending, 0 for success; says is what its sentence holds.
	code int
	says []string
	// mute says that no engine can serve before the VM has been mended.
	mute bool
	// restarted says that containers cannot keep their processes; their data they keep.
	restarted bool
}

// ending is how an enable ended: its code, and the sentence that a person reads.
type ending struct {
	code     int
	sentence string
}

// mishaps gives the whole table.
func mishaps() []mishap {
	return slices.Concat(lockMishaps(), fileMishaps(), diskMishaps(), engineMishaps(), rivalMishaps(), memoryMishaps(), runMishaps(), networkMishaps())
}

// TestFault plays the table, all rows of a suite in one VM; after a row that failed, in a new one.
func TestFault(t *testing.T) {
	for _, suite := range vm.Suites() {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			var l *lab
			defer func() { l.scanAtEnd() }()
			noteTable(t)
			for _, m := range inOrder(mishaps()) {
				if l == nil {
					l = newLab(t, suite)
					l.noteLab()
					l.startServing()
				}
				if !t.Run(m.name, func(t *testing.T) { l.with(t).suffer(m) }) {
					l.Log("the next row gets a new VM")
					l.scanAtEnd()
					_ = l.vm.Close()
					l = nil
				}
			}
		})
	}
}

// inOrder gives the rows that are due, those with a running engine first.
func inOrder(all []mishap) []mishap {
	due := slices.DeleteFunc(all, func(m mishap) bool { return !m.brief && !wholeTable })
	slices.SortStableFunc(due, func(a, b mishap) int {
		switch {
		case a.fresh == b.fresh:
			return 0
		case b.fresh:
			return -1
		default:
			return 1
		}
	})
	return due
}

// usual are settings with a remote API, and with a label by which they are told apart.
func (l *lab) usual(label string) agent.Settings {
	return l.remote(fmt.Sprintf(`{"docker":{"port":2376,"options":["--label","run=%s"]}}`, strings.ReplaceAll(label, " ", "-")))
}

// startServing makes the VM a Docker host with a container that has data.
func (l *lab) startServing() {
	l.Helper()
	l.succeed(l.usual("good"))
	l.runContainer("witness", "always", "--volume kept:/data")
	l.sh("docker exec witness sh -c 'echo precious >/data/file' && sync")
}

// suffer plays one row.
func (l *lab) suffer(m mishap) {
	l.Helper()
	if m.fresh {
		l.uninstalled()
	} else if l.serves() != nil {
		l.succeed(l.usual("good"))
	}
	before := container{}
	if !m.fresh {
		before = l.container("witness")
	}
	mend := m.strike(l)
	settings := l.usual(m.name)
	if m.settings != nil {
		settings = m.settings(l)
	}
	if m.meanwhile == nil {
		m.meanwhile = (*lab).end
	}
	ended := m.meanwhile(l, settings)
	l.wantEnding(m, ended)
	if !m.fresh && !m.mute {
		l.wantServing("on the broken VM")
	}
	if mend != nil {
		mend()
	}
	l.wantHealed(m, before)
	if !l.Failed() {
		l.note("verdict", m.verdict(ended))
	}
}

// uninstalled takes the VM to where the extension was not, with the engine's data from before.
func (l *lab) uninstalled() {
	l.Helper()
	if _, there := l.agent.Current(); !there {
		return
	}
	if err := l.agent.Uninstall(l.ctx()); err != nil {
		l.Fatal(err)
	}
	// An engine that nobody remembers to have installed, since a row took the memory away, stays.
	l.sh("! ls /usr/*bin/dockerd 2>/dev/null || DEBIAN_FRONTEND=noninteractive apt-get -qq remove docker.io containerd runc; true")
}

// end calls enable and waits for the end of its work. A call that fails has its sentence in its output,
// which is there even if no status can be written.
func (l *lab) end(s agent.Settings) ending {
	l.Helper()
	if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
		return l.failedCall(err)
	}
	return endingOf(l.wait())
}

func endingOf(s agent.Status) ending { return ending{s.Code, show(s)} }

// failedCall gives the ending of the last call, which failed.
func (l *lab) failedCall(err error) ending {
	l.Helper()
	calls := l.agent.Calls()
	if len(calls) == 0 {
		l.Fatal(err)
	}
	call := calls[len(calls)-1]
	if call.ExitCode == 0 {
		l.Fatal(err)
	}
	return ending{call.ExitCode, strings.TrimSpace(string(call.Stderr))}
}

func (l *lab) wantEnding(m mishap, e ending) {
	l.Helper()
	l.Logf("code %d: %s", e.code, e.sentence)
	if e.code != m.code {
		l.Errorf("the code is %d, want %d", e.code, m.code)
	}
	for _, words := range m.says {
		if !strings.Contains(e.sentence, words) {
			l.Errorf("the sentence does not say %q", words)
		}
	}
}

// serves asks the engine on its socket.
func (l *lab) serves() error {
	l.Helper()
	_, err := l.vm.Sh(l.ctx(), "timeout 20 docker version --format '{{.Server.Version}}'")
	return err
}

// wantServing is the first question, asked of both doors of the engine. An engine that is being started
// again by systemd has some time for it.
func (l *lab) wantServing(when string) {
	l.Helper()
	l.await("an engine that serves "+when, func(context.Context) bool { return l.serves() == nil })
	l.wantVersion(l.keys, 2376)
}

// wantHealed is the third question, and then the other two once more.
func (l *lab) wantHealed(m mishap, before container) {
	l.Helper()
	l.succeed(l.usual(m.name))
	l.wantServing("in the end")
	l.wantLabel(strings.ReplaceAll(m.name, " ", "-"))
	l.wantWitness(m, before)
	nothing := l.untouched()
	if s := l.succeed(l.usual(m.name)); !strings.Contains(s.Message, "nothing had to be changed") {
		l.Errorf("there is still something to do: %s", show(s))
	}
	nothing.check(l)
}

// wantWitness is the second question. A container of an engine that was away comes back by its policy.
func (l *lab) wantWitness(m mishap, before container) {
	l.Helper()
	l.await("the container", func(context.Context) bool {
		return strings.Contains(l.sh("docker ps --format '{{.Names}}'"), "witness")
	})
	if !m.fresh && !m.restarted {
		before.wantUntouched(l)
	}
	// Not by docker exec: dockerd 26 that finds its storage driver unknown unmounts the container's root on
	// the host, and runc then starts nothing more in it.
	if got := l.sh("cat /var/lib/docker/volumes/kept/_data/file"); got != "precious" {
		l.Errorf("the container's file says %q", got)
	}
}
