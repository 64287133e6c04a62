package converge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/state"
)

// Packages around an engine that stays are exchanged without stopping it.
func TestExchangeAroundAnEngineThatStays(t *testing.T) {
	goal := moved()
	goal.Parting, goal.Pinned = state.Parting{}, []string{"docker.io"}
	goal.Want.Packages = map[string]state.Package{"docker.io": {Installed: true}, "plugin-b": {Installed: true}, "plugin-a": {}}
	goal.Have.Packages = map[string]state.Package{"docker.io": {Installed: true}, "plugin-a": {Installed: true}}
	goal.Want.Choice = goal.Have.Choice
	goal.Want.Files = goal.Have.Files
	want := []string{"install plugin-b in place of plugin-a"}
	if got := summaries(goal); !slices.Equal(got, want) {
		t.Errorf("steps:\n%s", strings.Join(got, "\n"))
	}
}

// apt forgets the mark of a package before dpkg has removed it: the ledger knows, before apt is called, that a
// mark which is missing afterwards was lost to us. It forgets that when the removal has come to its end.
func TestRemovalThatIsCutOffIsRemembered(t *testing.T) {
	for fails, want := range map[bool][]string{true: {"docker.io", "runc", "tini"}, false: {"docker.io"}} {
		w := newWorld()
		w.needed = []string{"tini"}
		r := &run{Converger: w.converger(), ledger: state.Ledger{Debs: []string{"docker.io", "runc", "tini"}, Asked: []string{"docker.io"}}}
		if fails {
			w.fail = "remove runc tini foreign"
		}
		err := RemovePackages{Packages: []string{"runc", "tini", "foreign"}}.do(t.Context(), r)
		if (err != nil) != fails || !slices.Equal(w.ledger.Asked, want) {
			t.Errorf("fails: %v; error %v, asked %q, want %q", fails, err, w.ledger.Asked, want)
		}
	}
}

// What came along with a package goes with it, where nothing that stays needs it: that is for the package
// manager to say. All that goes is named beforehand, and the ledger has what went.
func TestDependenciesGoWithTheirPackage(t *testing.T) {
	installed := state.Package{Installed: true}
	for name, test := range map[string]struct {
		needed []string
		steps  []string
		debs   []string
	}{
		"one of them is needed": {[]string{"runc"}, []string{"remove compose, python"}, []string{"docker.io", "runc"}},
		"the package itself is": {[]string{"compose", "python", "runc"}, nil, []string{"compose", "docker.io", "python", "runc"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.needed = test.needed
			w.ledger = state.Ledger{Debs: []string{"compose", "docker.io", "python", "runc"}, Asked: []string{"compose", "docker.io"}}
			w.have.Packages = map[string]state.Package{"compose": installed, "docker.io": installed, "python": installed, "runc": installed}
			c := w.converger()
			c.Aim = func(state.Facts) (state.Goal, error) {
				goal := state.Goal{Have: w.have, Named: []string{"docker.io"}, Along: []string{"python", "runc"}}
				goal.Want.Packages = map[string]state.Package{"docker.io": installed, "compose": {Installed: !w.have.Packages["compose"].Installed}}
				if !w.have.Packages["compose"].Installed {
					delete(goal.Want.Packages, "compose")
				}
				return goal, nil
			}
			_, _, steps, err := c.Plan()
			if got := summariesOf(steps); err != nil || !slices.Equal(got, test.steps) {
				t.Fatalf("steps %q, error %v", got, err)
			}
			if _, err := c.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(w.ledger.Debs, test.debs) {
				t.Errorf("did %q, and the ledger has %q", w.did, w.ledger.Debs)
			}
		})
	}
}

// Which packages were asked for by name is remembered as long as they are there.
func TestAskedIsRemembered(t *testing.T) {
	goal := state.Goal{Named: []string{"docker.io"}}
	goal.Want.Packages = map[string]state.Package{"docker.io": {Installed: true}, "git": {Installed: true}}
	goal.Have.Packages = map[string]state.Package{"git": {Installed: true}}
	l := claim(state.Ledger{}, state.Facts{}, goal)
	if !slices.Equal(l.Asked, []string{"docker.io"}) {
		t.Errorf("asked for %q", l.Asked)
	}
	goal.Have.Packages = map[string]state.Package{"docker.io": {Installed: true}}
	goal.Want.Packages = map[string]state.Package{"docker.io": {}}
	if l = settle(l, goal); len(l.Asked) > 0 || len(l.Debs) > 0 {
		t.Errorf("after it went: %q of %q", l.Asked, l.Debs)
	}
}

// A drop-in is read by systemd before the restart, and the socket is left alone.
func TestRestartReadsDropIns(t *testing.T) {
	w := newWorld()
	r := &run{Converger: w.converger()}
	step := RestartUnits{Stop: []string{"docker.service"}, Start: []string{"docker.service"}, Refresh: true}
	if err := step.do(context.Background(), r); err != nil || !slices.Equal(w.did, []string{"daemon-reload", "restart"}) {
		t.Errorf("did %q, error %v", w.did, err)
	}
	files := map[string]state.File{"/etc/systemd/system/docker.service.d/50-us.conf": {}}
	if !anyDropIn([]string{"docker.service"}, files) || anyDropIn([]string{"docker.socket"}, files) {
		t.Error("a drop-in that is to go has to be read as well")
	}
}

// What an installation in place of other packages leaves over goes at the end, when apt knows what the new ones
// need: it is named beforehand as what may go.
func TestWhatAnExchangeLeavesOver(t *testing.T) {
	w := newWorld()
	w.needed = []string{"iptables"}
	w.have.Packages = map[string]state.Package{"docker.io": {Installed: true}}
	goal := moved()
	goal.Along = []string{"iptables", "tini"}
	goal, err := w.converger().possible(goal)
	if err != nil || !slices.Equal(goal.Orphans, []string{"tini"}) {
		t.Fatalf("left over may be %q, error %v", goal.Orphans, err)
	}
	all := summaries(goal)
	if got := all[len(all)-1]; got != "remove if nothing needs it: tini" {
		t.Errorf("steps:\n%s", strings.Join(all, "\n"))
	}
}

// What was there before an installation is known until what came with it is.
func TestInstallationKnowsWhatWasThereBefore(t *testing.T) {
	w := newWorld()
	c := w.converger()
	w.have.Packages["adduser"], w.have.Packages["gone"] = state.Package{Installed: true}, state.Package{}
	c.Memory = killed{w}
	if _, err := c.Run(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if want := []string{"adduser"}; !slices.Equal(w.ledger.Before, want) || !slices.Equal(w.ledger.Debs, []string{"docker.io"}) {
		t.Errorf("before: %q, with us: %q", w.ledger.Before, w.ledger.Debs)
	}
	c.Memory = w
	if _, err := c.Run(t.Context()); err != nil || w.ledger.Before != nil {
		t.Errorf("after a whole run: %q, %v", w.ledger.Before, err)
	}
}

// A run that does not come as far as installing does not know later what was not there before: that may be a person's.
func TestNothingIsExpectedBeforeAnInstallation(t *testing.T) {
	w := newWorld()
	c := w.moving()
	w.fail = "add /r"
	look := c.Survey
	c.Survey = func() (state.Facts, error) {
		facts, err := look()
		facts.Packages = map[string]state.Package{"adduser": {Installed: true}}
		return facts, err
	}
	if _, err := c.Run(t.Context()); err == nil || w.ledger.Before != nil {
		t.Errorf("error %v, before: %q", err, w.ledger.Before)
	}
}

// What came can be told only by dpkg's record. Where that cannot be read, the next run compares.
func TestWhatCameIsLeftToTheNextRun(t *testing.T) {
	w := newWorld()
	w.have.Packages["adduser"] = state.Package{Installed: true}
	c := w.converger()
	c.Packages = torn{w}
	if _, err := c.Run(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if want := []string{"adduser"}; !slices.Equal(w.ledger.Before, want) {
		t.Errorf("before: %q", w.ledger.Before)
	}
}

// torn cannot tell the packages once some are installed.
type torn struct{ *world }

func (p torn) Present() ([]string, error) {
	if p.ledger.Before != nil {
		return nil, errors.New("torn")
	}
	return p.world.Present()
}

// killed cannot save the ledger once packages are installed.
type killed struct{ *world }

func (k killed) SaveLedger(l state.Ledger) error {
	if slices.Contains(k.did, "install docker.io") {
		return errors.New("killed")
	}
	return k.world.SaveLedger(l)
}
