package converge

import (
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// world is a host in memory: what the hands do shows in the facts of the next survey.
type world struct {
	have     state.State
	ledger   state.Ledger
	did      []string
	fail     string // the deed that fails
	stubborn bool   // deeds have no effect
}

func (w *world) deed(what string) error {
	w.did = append(w.did, what)
	if what == w.fail {
		return fault.New(fault.EngineStart, "", "look", "cannot %s", what)
	}
	return nil
}

func (w *world) Write(p string, f state.File) error {
	if !w.stubborn {
		w.have.Files[p] = f
	}
	return w.deed("write " + p)
}
func (w *world) RemoveTree(p string) error { return w.deed("remove tree " + p) }
func (w *world) Add(_ context.Context, r state.Repository, _ state.Proxy) ([]string, error) {
	w.have.Source = r
	return []string{"F1"}, w.deed("add " + r.File)
}
func (w *world) Fetch(_ context.Context, what state.Installation) error {
	return w.deed("fetch " + strings.Join(what.Packages, " "))
}
func (w *world) Install(_ context.Context, what state.Installation) ([]string, error) {
	for _, n := range what.Packages {
		w.have.Packages[n] = state.Package{Installed: true}
	}
	for _, n := range what.Instead {
		w.have.Packages[n] = state.Package{}
	}
	return append([]string{"containerd"}, what.Packages...), w.deed("install " + strings.Join(what.Packages, " "))
}
func (w *world) Remove(_ context.Context, names []string) ([]string, error) {
	return names, w.deed("remove " + strings.Join(names, " "))
}
func (w *world) Hold(context.Context, []string) error     { return w.deed("hold") }
func (w *world) Unhold(context.Context, []string) error   { return w.deed("unhold") }
func (w *world) DaemonReload(context.Context) error       { return w.deed("daemon-reload") }
func (w *world) Enable(context.Context, ...string) error  { return w.deed("enable") }
func (w *world) Disable(context.Context, ...string) error { return w.deed("disable") }
func (w *world) Restart(context.Context, ...string) error { return w.deed("restart") }
func (w *world) ReloadUnit(context.Context, string) error { return w.deed("reload") }
func (w *world) Stop(_ context.Context, u ...string) error {
	return w.deed("stop " + strings.Join(u, " "))
}
func (w *world) Start(_ context.Context, u ...string) error {
	for _, name := range u {
		w.have.Units[name] = state.Unit{Active: true}
	}
	return w.deed("start " + strings.Join(u, " "))
}
func (w *world) AddMember(context.Context, state.Member) error    { return w.deed("add member") }
func (w *world) RemoveMember(context.Context, state.Member) error { return w.deed("remove member") }
func (w *world) Ready(context.Context, state.Endpoint) error      { return w.deed("ready") }
func (w *world) SaveLedger(l state.Ledger) error                  { w.ledger = l; return nil }

func newWorld() *world {
	return &world{have: state.State{
		Files: map[string]state.File{}, Packages: map[string]state.Package{}, Units: map[string]state.Unit{},
	}}
}

// converger wants one file, one package and one running unit.
func (w *world) converger() Converger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return Converger{
		Host:   Host{Files: w, Packages: w, Sources: w, Units: w, Accounts: w, Engine: w, Memory: w},
		Survey: func() (state.Facts, error) { return state.Facts{Ledger: w.ledger, Files: w.have.Files}, nil },
		Aim: func(f state.Facts) (state.Goal, error) {
			have := w.have
			have.Units = map[string]state.Unit{}
			for name, u := range w.have.Units {
				u.Started = f.Ledger.Units[name].Started
				have.Units[name] = u
			}
			return state.Goal{
				Want: state.State{
					Files:    map[string]state.File{"/etc/a.json": {Exists: true, Content: []byte("new")}},
					Packages: map[string]state.Package{"docker.io": {Installed: true}},
					Units:    map[string]state.Unit{"docker.service": {Active: true, Started: "digest"}},
				},
				Have:  have,
				Owned: []string{"/etc/a.json"},
			}, nil
		},
		Report: func([]Progress) {},
		Log:    logrus.NewEntry(log),
	}
}

func TestRunReachesTheGoalAndStaysThere(t *testing.T) {
	w := newWorld()
	w.have.Files["/etc/a.json"] = state.File{Exists: true, Mode: 0o600, Content: []byte("before us")}
	result, err := w.converger().Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"write /etc/a.json", "install docker.io", "start docker.service", "ready"}
	if !reflect.DeepEqual(w.did, want) {
		t.Errorf("did %q, want %q", w.did, want)
	}
	for _, s := range result.Steps {
		if s.Phase != Done {
			t.Errorf("step %s ended in phase %d", s.Name, s.Phase)
		}
	}
	if got := w.ledger.Files["/etc/a.json"]; string(got.Content) != "before us" || got.Mode != 0o600 {
		t.Errorf("the ledger remembers %+v", got)
	}
	if !reflect.DeepEqual(w.ledger.Debs, []string{"containerd", "docker.io"}) {
		t.Errorf("packages that came with us: %q", w.ledger.Debs)
	}
	w.did = nil
	if result, err = w.converger().Run(t.Context()); err != nil || len(result.Steps)+len(w.did) != 0 {
		t.Errorf("second run: %d steps, did %q, error %v", len(result.Steps), w.did, err)
	}
}

func TestRunStopsAtTheFirstFailure(t *testing.T) {
	w := newWorld()
	w.fail = "install docker.io"
	result, err := w.converger().Run(t.Context())
	if fault.CodeOf(err) != fault.EngineStart || !strings.Contains(err.Error(), "step 2 of 4 (packages)") {
		t.Errorf("error %v", err)
	}
	phases := []Phase{result.Steps[0].Phase, result.Steps[1].Phase, result.Steps[2].Phase}
	if !reflect.DeepEqual(phases, []Phase{Done, Failed, Waiting}) {
		t.Errorf("phases %v", phases)
	}
	if w.ledger.Units["docker.service"].Started != "" {
		t.Error("a failed run must not record what the units have read")
	}
	if !reflect.DeepEqual(w.ledger.Debs, []string{"containerd", "docker.io"}) {
		t.Errorf("what apt had installed before it failed is forgotten: %q", w.ledger.Debs)
	}
}

func TestRunGivesWayBetweenSteps(t *testing.T) {
	w := newWorld()
	c := w.converger()
	c.Superseded = func() bool { return len(w.did) > 0 }
	_, err := c.Run(t.Context())
	if fault.CodeOf(err) != fault.Superseded || !reflect.DeepEqual(w.did, []string{"write /etc/a.json"}) {
		t.Errorf("did %q, error %v", w.did, err)
	}
}

func TestRunSaysWhenTheHostDoesNotObey(t *testing.T) {
	w := newWorld()
	w.stubborn = true
	_, err := w.converger().Run(t.Context())
	if fault.CodeOf(err) != fault.NotConverged || !strings.Contains(err.Error(), "write /etc/a.json") {
		t.Errorf("error %v", err)
	}
}

func TestRunTouchesNothingWhenItCannotAim(t *testing.T) {
	w := newWorld()
	c := w.converger()
	c.Aim = func(state.Facts) (state.Goal, error) { return state.Goal{}, errors.New("no") }
	if _, err := c.Run(t.Context()); err == nil || len(w.did) != 0 || w.ledger.Format != 0 {
		t.Errorf("did %q, ledger %+v, error %v", w.did, w.ledger, err)
	}
}
