package converge

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"docker-extension/internal/fault"
	"docker-extension/internal/lists"
	"docker-extension/internal/state"
)

// world is a host in memory: what the hands do shows in the facts of the next survey.
type world struct {
	have     state.State
	ledger   state.Ledger
	did      []string
	swept    []string
	fail     string   // the deed that fails, once
	stubborn bool     // deeds have no effect
	unit     bool     // docker.service exists before anything is done
	needed   []string // packages that others need, and that are not removed

	failReload error // of every reload
}

func (w *world) deed(what string) error {
	w.did = append(w.did, what)
	if what == w.fail {
		w.fail = "" // the next time it works
		return fault.New(fault.EngineStart, "", "look", "cannot %s", what)
	}
	return nil
}

func (w *world) Read(p string) (state.File, error) { return w.have.Files[p], nil }
func (w *world) Write(paths []string, files map[string]state.File) error {
	for _, p := range paths {
		if err := w.deed("write " + p); err != nil {
			return err
		}
		if !w.stubborn {
			w.have.Files[p] = files[p]
		}
	}
	return nil
}
func (w *world) Sweep(paths []string) error { w.swept = paths; return nil }
func (w *world) RemoveTree(p string) error  { return w.deed("remove tree " + p) }
func (w *world) Add(_ context.Context, r state.Repository, _ state.Proxy) ([]string, error) {
	w.have.Source = r
	return []string{"F1"}, w.deed("add " + r.File)
}
func (w *world) Fetch(_ context.Context, what state.Installation) error {
	return w.deed("fetch " + strings.Join(what.Packages, " "))
}
func (w *world) Present() ([]string, error) { return state.Present(w.have.Packages), nil }
func (w *world) Install(_ context.Context, what state.Installation) error {
	for _, n := range append([]string{"containerd"}, what.Packages...) {
		w.have.Packages[n] = state.Package{Installed: true}
	}
	for _, n := range what.Instead {
		w.have.Packages[n] = state.Package{}
	}
	return w.deed("install " + strings.Join(what.Packages, " "))
}
func (w *world) Removable(names []string) ([]string, error) {
	return lists.Without(names, w.needed), nil
}
func (w *world) Remove(_ context.Context, names []string) ([]string, error) {
	for _, n := range lists.Without(names, w.needed) {
		w.have.Packages[n] = state.Package{}
	}
	return lists.Without(names, w.needed), w.deed("remove " + strings.Join(names, " "))
}
func (w *world) Hold(context.Context, []string) error     { return w.deed("hold") }
func (w *world) Unhold(context.Context, []string) error   { return w.deed("unhold") }
func (w *world) DaemonReload(context.Context) error       { return w.deed("daemon-reload") }
func (w *world) Enable(context.Context, ...string) error  { return w.deed("enable") }
func (w *world) Disable(context.Context, ...string) error { return w.deed("disable") }
func (w *world) Restart(context.Context, ...string) error { return w.deed("restart") }
func (w *world) ReloadUnit(context.Context, string) error {
	return errors.Join(w.deed("reload"), w.failReload)
}
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
func (w *world) HoldBack(u ...string) error {
	if len(u) == 0 {
		return nil
	}
	return w.deed("hold back " + strings.Join(u, " "))
}
func (w *world) Release(u ...string) error {
	if len(u) == 0 {
		return nil
	}
	return w.deed("release " + strings.Join(u, " "))
}
func (w *world) Approves(_ context.Context, path string, _ []byte) error {
	return w.deed("approve of " + path)
}
func (w *world) SaveLedger(l state.Ledger) error { w.ledger = l; return nil }

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
		Host: Host{Files: w, Packages: w, Sources: w, Units: w, Accounts: w, Engine: w, Memory: w},
		Survey: func() (state.Facts, error) {
			units := map[string]state.UnitFacts{"docker.service": {Exists: w.unit}}
			return state.Facts{Ledger: w.ledger, Files: w.have.Files, Units: units}, nil
		},
		Aim: func(f state.Facts) (state.Goal, error) {
			have := w.have
			have.Files, have.Units = maps.Clone(w.have.Files), map[string]state.Unit{}
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
	if !reflect.DeepEqual(w.ledger.Debs, []string{"containerd", "docker.io"}) {
		t.Errorf("what apt had installed before it failed is forgotten: %q", w.ledger.Debs)
	}
}

// What a run that does not come to its end may say of a unit: nothing new of one that was there, and of
// one that its package brings that it has read what the run had written before.
func TestFailedRunKnowsWhatAUnitHasRead(t *testing.T) {
	for there, want := range map[bool]state.Digest{true: "", false: "digest"} {
		w := newWorld()
		w.fail, w.unit = "install docker.io", there
		if _, err := w.converger().Run(t.Context()); err == nil {
			t.Fatal("no error")
		}
		if got := w.ledger.Units["docker.service"].Started; got != want {
			t.Errorf("the unit was there: %v; it has read %q, want %q", there, got, want)
		}
	}
}

// supersededAfterOne is a run that newer settings overtake after its first deed.
func (w *world) supersededAfterOne() Converger {
	c := w.converger()
	newer := make(chan struct{})
	c.Superseded = newer
	c.Report = func([]Progress) {
		if len(w.did) == 1 {
			w.did = append(w.did, "newer settings")
			close(newer)
		}
	}
	return c
}

func TestRunGivesWayBetweenSteps(t *testing.T) {
	w := newWorld()
	_, err := w.supersededAfterOne().Run(t.Context())
	if fault.CodeOf(err) != fault.Superseded || !reflect.DeepEqual(w.did, []string{"write /etc/a.json", "newer settings"}) {
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

// An engine that comes with the run is held back until it has approved; what it refuses is undone.
func TestRefusedFileIsUndone(t *testing.T) {
	w := newWorld()
	w.fail = "approve of /etc/a.json"
	c := w.converger()
	aim := c.Aim
	c.Aim = func(f state.Facts) (state.Goal, error) {
		goal, err := aim(f)
		goal.Check = state.Check{
			Path: "/etc/a.json", Units: []string{"docker.service"},
			Paths: []string{"/etc/b.conf", "/etc/a.json"}, Fallback: map[string]state.File{"/etc/a.json": {Exists: true, Content: []byte("before us")}},
		}
		return goal, err
	}
	result, err := c.Run(t.Context())
	want := []string{
		"write /etc/a.json", "hold back docker.service", "install docker.io", "release docker.service",
		"approve of /etc/a.json", "write /etc/b.conf", "write /etc/a.json",
	}
	if err == nil || !reflect.DeepEqual(w.did, want) {
		t.Errorf("error %v, did %q, want %q", err, w.did, want)
	}
	if got := string(w.have.Files["/etc/a.json"].Content); got != "before us" || w.have.Files["/etc/b.conf"].Exists {
		t.Errorf("the file says %q", got)
	}
	if last := result.Steps[2]; last.Phase != Failed || last.Name != "approval" {
		t.Errorf("step %+v", last)
	}
}

// An engine that ran, and does not start with what the run has written, runs again with what it had.
func TestFailedRestartIsUndone(t *testing.T) {
	before := state.File{Exists: true, Content: []byte("before us")}
	for name, c := range map[string]struct {
		ran  bool
		want []string
		says string
	}{
		"ran":         {true, []string{"write /etc/a.json", "reload", "restart", "write /etc/a.json", "restart"}, "and it runs again"},
		"did not run": {false, []string{"write /etc/a.json", "start docker.service"}, "cannot start docker.service"},
	} {
		w := newWorld()
		w.unit = true
		w.have.Files["/etc/a.json"] = before
		w.have.Packages["docker.io"] = state.Package{Installed: true}
		w.have.Units["docker.service"] = state.Unit{Active: c.ran, Reloaded: "old"}
		w.fail = c.want[len(c.want)-1]
		if c.ran {
			w.fail = "restart"
		}
		_, err := w.converger().Run(t.Context())
		if fault.CodeOf(err) != fault.EngineStart || !strings.Contains(err.Error(), c.says) || !reflect.DeepEqual(w.did, c.want) {
			t.Errorf("%s: %v, did %q, want %q", name, err, w.did, c.want)
		}
		if started := w.ledger.Units["docker.service"].Started; started != "" {
			t.Errorf("%s: the unit is said to have read %q", name, started)
		}
		if got := string(w.have.Files["/etc/a.json"].Content) == "before us"; got != c.ran {
			t.Errorf("%s: the file is as before: %v", name, got)
		}
	}
}

// A containerd that was down is helped up along with the engine, and does not keep a change from being undone.
func TestFailedRestartIsUndoneAlthoughAHelperWasDown(t *testing.T) {
	r := &run{goal: state.Goal{
		Want: state.State{Units: map[string]state.Unit{
			"containerd.service": {Active: true}, "docker.service": {Active: true, Started: "new"},
		}},
		Have: state.State{Units: map[string]state.Unit{"docker.service": {Active: true, Started: "old"}}},
	}}
	both := []string{"containerd.service", "docker.service"}
	r.steps = []Step{RestartUnits{Stop: both[1:], Start: both}}
	if got := r.stranded(0, true); !slices.Equal(got, both[1:]) {
		t.Errorf("undone is %q", got)
	}
	r.goal.Have.Units = nil
	if got := r.stranded(0, true); len(got) != 0 {
		t.Errorf("an engine that did not run is undone: %q", got)
	}
}

// A run that was cut off in its last moment has done everything but to say so in the ledger.
func TestRunSettlesWhatAnEarlierOneLeft(t *testing.T) {
	w := newWorld()
	c := w.converger()
	if _, err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, steps, err := c.Plan(); err != nil || len(steps) != 0 {
		t.Fatalf("after a run: %v, %v", steps, err)
	}
	w.ledger.Pending = map[string]json.RawMessage{}
	w.ledger.Files["/etc/dropped"] = state.Found{}
	did := len(w.did)
	if _, err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, still := w.ledger.Files["/etc/dropped"]; still || w.ledger.Pending != nil || len(w.did) != did {
		t.Errorf("the ledger is %+v, and %q was done", w.ledger, w.did[did:])
	}
	if !slices.Contains(w.swept, "/etc/dropped") {
		t.Errorf("swept were %q", w.swept)
	}
}

// A run that was killed while it wrote the ledger, before anything else, leaves a host that is as wanted and
// a temporary file.
func TestRunSweepsAfterACutInTheFirstWrite(t *testing.T) {
	w := newWorld()
	c := w.converger()
	if _, err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	look := c.Survey
	w.swept = nil
	c.Survey = func() (state.Facts, error) {
		facts, err := look()
		facts.CutOff = w.swept == nil
		return facts, err
	}
	if result, err := c.Run(t.Context()); err != nil || len(result.Steps) != 1 || w.swept == nil {
		t.Errorf("steps %v, swept %q, %v", result.Steps, w.swept, err)
	}
}
