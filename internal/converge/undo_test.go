package converge

import (
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
