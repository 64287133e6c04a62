package converge

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

func (w *world) Pull(_ context.Context, name string, _ state.Project, service string) error {
	return w.deed("pull " + name + " " + service)
}
func (w *world) Up(_ context.Context, name string, _ state.Project) error {
	return w.deed("up " + name)
}
func (w *world) Down(_ context.Context, name string) error      { return w.deed("down " + name) }
func (w *world) Prove(_ context.Context, a state.Account) error { return w.deed("prove " + a.Server) }

// projects wants an account, late credentials and a project in place of another one.
func (w *world) projects() Converger {
	c := w.converger()
	c.Registries, c.Composer = w, w
	c.Aim = func(f state.Facts) (state.Goal, error) {
		goal := state.Goal{
			Have: w.have, Boot: "now", Owned: []string{"/c/config.json"}, Late: []string{"/c/config.json"},
			Entries: map[string]state.Entry{"r": {Written: []state.Digest{"a"}, Verified: "a"}},
		}
		goal.Want = state.State{
			Files:    map[string]state.File{"/c/config.json": {Exists: true}, "/c/a.yml": {Exists: true}},
			Units:    map[string]state.Unit{"docker.service": {Active: true, Started: "digest"}},
			Accounts: map[string]state.Account{"r": {Server: "r", Digest: "a"}},
			Projects: map[string]state.Project{
				"new": {Up: true, Digest: "d", Services: map[string]string{"db": "mysql", "twin": "mysql", "web": "wordpress", "built": ""}},
				"old": {},
			},
		}
		goal.Have.Units = map[string]state.Unit{}
		for name, u := range w.have.Units {
			u.Started = f.Ledger.Units[name].Started
			goal.Have.Units[name] = u
		}
		goal.Have.Accounts = map[string]state.Account{"r": {Digest: f.Ledger.Entries["r"].Verified}}
		goal.Have.Projects = map[string]state.Project{}
		for name, raised := range f.Ledger.Projects {
			goal.Have.Projects[name] = state.Project{Up: true, Digest: raised.Digest}
		}
		return goal, nil
	}
	return c
}

func TestRunBringsProjectsUp(t *testing.T) {
	w := newWorld()
	w.ledger.Projects = map[string]state.Raised{"old": {Digest: "x"}}
	var details []string
	c := w.projects()
	c.Report = func(steps []Progress) {
		for _, s := range steps {
			if s.Detail != "" {
				details = append(details, s.Detail)
			}
		}
	}
	if _, err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"write /c/a.yml", "start docker.service", "ready", "prove r", "write /c/config.json", "down old", "pull new db", "pull new web", "up new"}
	if !reflect.DeepEqual(w.did, want) {
		t.Errorf("did %q, want %q", w.did, want)
	}
	if got := strings.Join(details, "; "); got != "1 of 2, mysql; 2 of 2, wordpress" {
		t.Errorf("reported %s", got)
	}
	if got := w.ledger.Projects; !reflect.DeepEqual(got, map[string]state.Raised{"new": {Digest: "d", Boot: "now"}}) {
		t.Errorf("the ledger has %v", got)
	}
	w.did = nil
	if result, err := w.projects().Run(t.Context()); err != nil || len(result.Steps)+len(w.did) != 0 {
		t.Errorf("second run did %q, error %v", w.did, err)
	}
}

// A project that fails keeps nothing from being remembered that went well: the next run does not restart
// the engine, nor ask the registry. But of the project nobody knows what it is made from.
func TestRunRemembersWhatWasBeforeAProject(t *testing.T) {
	w := newWorld()
	w.ledger.Projects = map[string]state.Raised{"new": {Digest: "before", Boot: "then"}}
	w.fail = "up new"
	if _, err := w.projects().Run(t.Context()); err == nil {
		t.Fatal("no error")
	}
	if got := w.ledger.Projects["new"]; got.Digest != "" {
		t.Errorf("the ledger has %v", got)
	}
	w.did, w.fail = nil, "up new"
	if _, err := w.projects().Run(t.Context()); err == nil || !reflect.DeepEqual(w.did, []string{"pull new db", "pull new web", "up new"}) {
		t.Errorf("again did %q, error %v", w.did, err)
	}
}

// A pull that hangs is cut off when newer settings come: they may be the cure.
func TestRunGivesWayInAPull(t *testing.T) {
	w := newWorld()
	c := w.projects()
	hanging := make(chan struct{})
	c.Composer = hanger{w, hanging}
	c.Superseded = hanging
	if _, err := c.Run(t.Context()); fault.CodeOf(err) != fault.Superseded || w.did[len(w.did)-1] != "write /c/config.json" {
		t.Errorf("did %q, error %v", w.did, err)
	}
}

// hanger pulls for ever.
type hanger struct {
	*world
	hanging chan struct{}
}

func (h hanger) Pull(ctx context.Context, _ string, _ state.Project, _ string) error {
	close(h.hanging)
	<-ctx.Done()
	return ctx.Err()
}

// After a crash either of two accounts may stand in the file.
func TestClaimEntries(t *testing.T) {
	old := state.Ledger{Entries: map[string]state.Entry{"r": {Written: []state.Digest{"old"}, Verified: "old", Earlier: []byte("x")}}}
	l := claim(old, state.Facts{}, state.Goal{Entries: map[string]state.Entry{"r": {Written: []state.Digest{"new"}, Verified: "new", Earlier: []byte("x")}}})
	want := state.Entry{Written: []state.Digest{"new", "old"}, Earlier: []byte("x")}
	if !reflect.DeepEqual(l.Entries["r"], want) {
		t.Errorf("got %+v", l.Entries["r"])
	}
}
