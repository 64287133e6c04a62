package converge

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// A run that was cut off after it had written a file left the engine down. The next run knows what the
// engine ran with, although that is no more on the disk.
func TestCutOffRestartIsUndone(t *testing.T) {
	before := state.File{Exists: true, Mode: 0o640, Content: []byte("before us")}
	w := newWorld()
	w.unit = true
	w.have.Files["/etc/a.json"] = before
	w.have.Packages["docker.io"] = state.Package{Installed: true}
	w.have.Units["docker.service"] = state.Unit{Active: true}
	if _, err := w.supersededAfterOne().Run(t.Context()); fault.CodeOf(err) != fault.Superseded || string(w.have.Files["/etc/a.json"].Content) != "new" {
		t.Fatalf("did %q, error %v", w.did, err)
	}
	w.have.Units["docker.service"] = state.Unit{} // and the VM has booted with it in the meantime
	w.did, w.fail = nil, "start docker.service"
	_, err := w.converger().Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "and it runs again") || !w.have.Files["/etc/a.json"].Equal(before) {
		t.Errorf("did %q, error %v", w.did, err)
	}
	if w.ledger.Backup != nil {
		t.Errorf("the backup is still there: %v", w.ledger.Backup)
	}
}

// Kept is what is about to change, as it was before the first run that changes it, and nothing else: a file
// may hold a private key, and the ledger is no place for one that is of no use there.
func TestBackup(t *testing.T) {
	file := func(text string) state.File { return state.File{Exists: true, Content: []byte(text)} }
	running := map[string]state.Unit{"docker.service": {Active: true}}
	goal := state.Goal{
		Want:  state.State{Files: map[string]state.File{"/key": file("key"), "/a": file("new"), "/late": file("new")}, Units: running},
		Have:  state.State{Files: map[string]state.File{"/key": file("key"), "/a": file("old"), "/late": file("old")}, Units: running},
		Late:  []string{"/late"},
		Found: map[string]json.RawMessage{"x": nil},
	}
	idle := goal
	idle.Have.Units = nil
	cutOff := &state.Backup{Files: map[string]state.Found{"/a": foundOf(file("older"))}}
	for name, c := range map[string]struct {
		earlier *state.Backup
		goal    state.Goal
		a       string
		more    bool
	}{
		"of an engine that runs":            {nil, goal, "old", true},
		"of one that does not":              {nil, idle, "", false},
		"once more":                         {&state.Backup{Files: map[string]state.Found{"/a": foundOf(file("old"))}}, goal, "old", false},
		"after a run that was cut off":      {cutOff, goal, "older", false},
		"and the engine is down since then": {cutOff, idle, "older", false},
	} {
		kept, more := backup(c.earlier, c.goal)
		if got := string(kept.Files["/a"].Content); got != c.a || more != c.more {
			t.Errorf("%s: kept %q, more %v; want %q, %v", name, got, more, c.a, c.more)
		}
		if paths := slices.Collect(maps.Keys(kept.Files)); len(paths) > 1 {
			t.Errorf("%s: kept %q", name, paths)
		}
	}
}

// A run that fails before it changes a file has nothing to keep; one that succeeds, nothing any more.
func TestBackupLastsAsLongAsTheChange(t *testing.T) {
	for fail, at := range map[string]string{"fetch docker-ce": "", "stop docker.socket docker.service": "/etc/docker/daemon.json /etc/x.d/50-us.conf", "": ""} {
		w := newWorld()
		c := w.movingWithFiles()
		w.fail = fail
		_, err := c.Run(t.Context())
		if (err == nil) != (fail == "") {
			t.Fatalf("%q: error %v, did %q", fail, err, w.did)
		}
		var kept []string
		if w.ledger.Backup != nil {
			kept = slices.Sorted(maps.Keys(w.ledger.Backup.Files))
		}
		if got := strings.Join(kept, " "); got != at {
			t.Errorf("%q: kept %q, want %q; did %q", fail, got, at, w.did)
		}
	}
}
