package converge

import (
	"context"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// An engine that a run has stopped in the middle of a move, and that was cut off there, runs again when the next
// run cannot even begin: its packages cannot be had.
func TestEngineOfACutMoveRunsAgain(t *testing.T) {
	w := newWorld()
	c := w.moving()
	w.ledger.Backup = &state.Backup{}
	aim := c.Aim
	c.Aim = func(f state.Facts) (state.Goal, error) {
		goal, err := aim(f)
		goal.Have.Units = map[string]state.Unit{} // as the run before has left them
		return goal, err
	}
	w.fail = "fetch docker-ce"
	_, err := c.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "runs again") || w.did[len(w.did)-1] != "start docker.socket docker.service" {
		t.Errorf("did %q, error %v", w.did, err)
	}
	if w.ledger.Backup != nil {
		t.Errorf("the backup is still there: %v", w.ledger.Backup)
	}
}

// A run does not give way while what it has stopped stands still.
func TestRunGivesWayOnlyWhenTheEngineRuns(t *testing.T) {
	w := newWorld()
	c := w.moving()
	newer := make(chan struct{})
	c.Superseded = newer
	c.Report = func([]Progress) {
		if last := len(w.did) - 1; last >= 0 && strings.HasPrefix(w.did[last], "stop ") {
			w.did = append(w.did, "newer settings")
			close(newer)
		}
	}
	_, err := c.Run(t.Context())
	if last := w.did[len(w.did)-1]; fault.CodeOf(err) != fault.Superseded || !strings.HasPrefix(last, "start ") {
		t.Errorf("did %q, error %v", w.did, err)
	}
}

// A socket whose file somebody removed counts as its service does: that ran.
func TestFailedRestartIsUndoneAlthoughTheSocketWasLost(t *testing.T) {
	both := []string{"docker.socket", "docker.service"}
	goal := state.Goal{
		Want: state.State{
			Files: map[string]state.File{"/a": {Exists: true}},
			Units: map[string]state.Unit{both[0]: {Active: true, Started: "new"}, both[1]: {Active: true, Started: "new"}},
		},
		Have: state.State{Units: map[string]state.Unit{both[1]: {Active: true, Started: "old"}}},
	}
	if _, more := backup(nil, goal); !more {
		t.Error("nothing is kept")
	}
	r := &run{goal: goal, steps: []Step{RestartUnits{Stop: both[1:], Start: both}}}
	if got := r.stranded(0, true); len(got) != 2 {
		t.Errorf("undone is %q", got)
	}
}

// What an engine has come up with is no longer undone: a person may have changed it since, while a container kept
// failing.
func TestBackupEndsWhenTheEngineAnswers(t *testing.T) {
	w := newWorld()
	w.unit = true
	w.have.Files["/etc/a.json"] = state.File{Exists: true, Content: []byte("before us")}
	w.have.Packages["docker.io"] = state.Package{Installed: true}
	w.have.Units["docker.service"] = state.Unit{Active: true}
	c := w.converger()
	aim, wanted := c.Aim, "new"
	c.Aim = func(f state.Facts) (state.Goal, error) {
		goal, err := aim(f)
		goal.Want.Files["/etc/a.json"] = state.File{Exists: true, Content: []byte(wanted)}
		goal.Want.Units["docker.service"] = state.Unit{Active: true, Started: state.Digest(wanted)}
		goal.Want.Files["/etc/late"] = state.File{Exists: true}
		goal.Late = []string{"/etc/late"}
		return goal, err
	}
	w.fail = "write /etc/late"
	if _, err := c.Run(t.Context()); err == nil || w.ledger.Backup != nil {
		t.Fatalf("did %q, error %v; the backup is %v", w.did, err, w.ledger.Backup)
	}
	persons := state.File{Exists: true, Content: []byte("a person's")}
	w.have.Files["/etc/a.json"] = persons
	w.did, w.fail, wanted = nil, "restart", "newer"
	if _, err := c.Run(t.Context()); err == nil || !w.have.Files["/etc/a.json"].Equal(persons) {
		t.Errorf("did %q, error %v; the file says %q", w.did, err, w.have.Files["/etc/a.json"].Content)
	}
}

// What a step has written of its files before it failed is put back with the rest, and what it has not is left
// alone: where there was no room for it, there may be none for what it was.
func TestStepThatFailedHalfwayIsPutBack(t *testing.T) {
	old, half := state.File{Exists: true, Content: []byte("old")}, state.File{Exists: true, Content: []byte("new")}
	w := newWorld()
	r := &run{Converger: w.converger(), wrote: map[string]state.File{}, goal: state.Goal{Have: state.State{Files: map[string]state.File{"/ca": old, "/key": old}}}}
	r.steps = []Step{WriteFiles{Part: partCertificates, Paths: []string{"/ca", "/key"}, Files: map[string]state.File{"/ca": half, "/key": half}}}
	w.have.Files = map[string]state.File{"/ca": old, "/key": old}
	w.fail = "write /key"
	if err := r.steps[0].do(t.Context(), r); err == nil {
		t.Fatal("no error")
	}
	if changed, err := r.putBack(0); err != nil || !changed {
		t.Fatal(changed, err)
	}
	if w.did[len(w.did)-1] != "write /ca" || !w.have.Files["/ca"].Equal(old) {
		t.Errorf("did %q, and the files are %v", w.did, w.have.Files)
	}
}

// What the next run finds standing still is the engine together with its socket, whatever became of that: one that
// stayed open would hand over its old port. A socket that only looks dead is left alone, for the engine would go
// with it, and so is a helper.
func TestFoundStranded(t *testing.T) {
	want := map[string]state.Unit{
		"docker.socket": {Active: true, Started: "l"}, "docker.service": {Active: true, Started: "s"}, "containerd.service": {Active: true},
	}
	for name, c := range map[string]struct {
		have   map[string]state.Unit
		backup *state.Backup
		want   []string
	}{
		"nothing runs":                {nil, &state.Backup{}, []string{"docker.service", "docker.socket"}},
		"the socket is open":          {map[string]state.Unit{"docker.socket": {Active: true}}, &state.Backup{}, []string{"docker.service", "docker.socket"}},
		"the socket looks dead":       {map[string]state.Unit{"docker.service": {Active: true}}, &state.Backup{}, nil},
		"a person has stopped it all": {nil, nil, nil},
	} {
		r := &run{goal: state.Goal{Want: state.State{Units: want}, Have: state.State{Units: c.have}}, ledger: state.Ledger{Backup: c.backup}}
		if got := r.foundStranded(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// An undo does not write over what a person has just repaired.
func TestUndoLeavesWhatChangedMeanwhile(t *testing.T) {
	old, repaired := state.File{Exists: true, Content: []byte("old")}, state.File{Exists: true, Content: []byte("a person's")}
	w := newWorld()
	w.unit = true
	w.have.Files["/etc/a.json"] = old
	w.have.Packages["docker.io"] = state.Package{Installed: true}
	w.have.Units["docker.service"] = state.Unit{Active: true}
	w.fail = "restart"
	c := w.converger()
	c.Units = failing{w, func() { w.have.Files["/etc/a.json"] = repaired }}
	result, err := c.Run(t.Context())
	if err == nil || !w.have.Files["/etc/a.json"].Equal(repaired) || !strings.Contains(strings.Join(result.Notes, ""), "/etc/a.json was not put back") {
		t.Errorf("did %q, error %v, notes %q; the file says %q", w.did, err, result.Notes, w.have.Files["/etc/a.json"].Content)
	}
}

// failing does something while a restart fails.
type failing struct {
	*world
	meanwhile func()
}

func (f failing) Restart(ctx context.Context, units ...string) error {
	err := f.world.Restart(ctx, units...)
	if err != nil {
		f.meanwhile()
	}
	return err
}

// Nothing is kept for an undo where only the containers change.
func TestNoBackupOfWhatTheEngineDoesNotRead(t *testing.T) {
	w := newWorld()
	w.unit = true
	w.have.Packages["docker.io"] = state.Package{Installed: true}
	w.have.Units["docker.service"] = state.Unit{Active: true}
	w.ledger.Units = map[string]state.Loaded{"docker.service": {Started: "digest"}}
	if _, err := w.converger().Run(t.Context()); err != nil || w.ledger.Backup != nil || !slices.Equal(w.did, []string{"write /etc/a.json"}) {
		t.Errorf("did %q, error %v, backup %v", w.did, err, w.ledger.Backup)
	}
	r := &run{ledger: state.Ledger{}, goal: state.Goal{
		Want: state.State{Files: map[string]state.File{"/a": {Exists: true}}, Units: map[string]state.Unit{"u": {Active: true}}},
		Have: state.State{Units: map[string]state.Unit{"u": {Active: true}}},
	}}
	r.Converger, r.steps = w.converger(), []Step{WriteFiles{}}
	if err := r.keep(); err != nil || r.ledger.Backup != nil {
		t.Errorf("kept is %v, %v", r.ledger.Backup, err)
	}
}
