package e2e

import (
	"testing"

	"golang.org/x/sys/unix"

	"docker-extension/test/trace"
	"docker-extension/test/vm"
)

// TestCutOff ends each run before each of its effects on the host: by SIGKILL, alone and together with the
// program that it has started, and by taking the power from the VM. The whole has the build tag "long".
func TestCutOff(t *testing.T) {
	for _, suite := range vm.Suites() {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			l := newCutLab(t, suite)
			l.noteLab()
			for _, p := range told() {
				l.Run(p.name, func(t *testing.T) { l.in(t).tell(p) })
			}
		})
	}
}

// way is how a run ends.
type way string

// Where a run has started no program, the first two are the same.
const (
	killed             way = "killed"
	killedWithChildren way = "killed_with_children"
	powerCut           way = "power_cut"
)

// tell follows a run to its end, to learn its points, and then cuts it off at each of them.
func (l *cutLab) tell(p plot) {
	l.Helper()
	all := l.learn(p)
	l.notePlan(p, all)
	for i, at := range all {
		for _, how := range chosen(p, all, i) {
			l.Run(at.label(i, len(all))+"/"+string(how), func(t *testing.T) { l.in(t).cut(p, at, how) })
		}
	}
}

func (l *cutLab) learn(p plot) []point {
	l.Helper()
	before := l.begin(p.from)
	var effects []trace.Effect
	err := l.followed(l.ctx(), p.verb, func() error { return p.act(l) }, func(_ int, e trace.Effect) { effects = append(effects, e) })
	if err != nil {
		l.Fatalf("undisturbed: %v", err)
	}
	if p.verb == "disable" {
		l.wantStopped()
	}
	l.heal(p, false)
	l.answers(p, before, false)
	all := pointsOf(effects)
	l.Logf("%d effects, which make %d points", len(effects), len(all))
	if len(all) < 2 { // the verbs of an update do hardly anything
		l.Errorf("only %d points: %v", len(all), all)
	}
	return all
}

// cut ends a run at a point, lets the agent go on, and asks the questions.
func (l *cutLab) cut(p plot, at point, how way) {
	l.Helper()
	before := l.begin(p.from)
	s, processes := search{point: at}, map[int]bool{}
	_ = l.followed(l.ctx(), p.verb, func() error { return p.act(l) }, func(pid int, e trace.Effect) {
		processes[e.Process] = true
		if s.is(e) {
			l.strike(pid, processes, how)
		}
	})
	if !s.found { // then there was nothing to heal
		l.Fatalf("this run had no %q number %d, but %d of them", s.name, s.nth, s.seen)
	}
	if how == powerCut {
		if err := l.vm.PowerCut(l.ctx()); err != nil {
			l.Fatal(err)
		}
	}
	l.heal(p, how == powerCut)
	l.answers(p, before, how == powerCut)
}

// strike is the cut itself, while the run stands still.
func (l *cutLab) strike(pid int, processes map[int]bool, how way) {
	l.Helper()
	if how == powerCut {
		if err := l.vm.BlackOut(); err != nil {
			l.Error(err)
		}
		return
	}
	for process := range processes {
		if process == pid || how == killedWithChildren {
			_ = unix.Kill(process, unix.SIGKILL)
		}
	}
}
