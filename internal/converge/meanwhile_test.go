package converge

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// What a person writes into a file while a run goes on is not overwritten: the run looks again and merges with it.
// With a program that writes all the time it does not fight for ever.
func TestFileChangedMeanwhile(t *testing.T) {
	for times, want := range map[int]fault.Code{0: fault.OK, 1: fault.OK, 99: fault.NotConverged} {
		w := newWorld()
		c := w.changedMeanwhile(times)
		_, err := c.Run(t.Context())
		if fault.CodeOf(err) != want {
			t.Errorf("%d times: did %q, error %v", times, w.did, err)
		}
		got := string(w.have.Files["/etc/late"].Content)
		if want == fault.OK && got != "ours"+strings.Repeat(" and a person's", times) {
			t.Errorf("%d times: the file says %q", times, got)
		}
		if want != fault.OK && slices.Contains(w.did, "write /etc/late") {
			t.Errorf("%d times: it was overwritten: %q", times, w.did)
		}
	}
}

// changedMeanwhile wants a late file as well, in which somebody writes so many times while a step goes on.
func (w *world) changedMeanwhile(times int) Converger {
	c := w.converger()
	aim := c.Aim
	c.Aim = func(f state.Facts) (state.Goal, error) {
		goal, err := aim(f)
		theirs := strings.TrimPrefix(string(f.Files["/etc/late"].Content), "ours")
		goal.Want.Files["/etc/late"], goal.Late = state.File{Exists: true, Content: []byte("ours" + theirs)}, []string{"/etc/late"}
		return goal, err
	}
	c.Report = func(steps []Progress) {
		if last := steps[len(steps)-1]; last.Phase == Running && times > 0 {
			times--
			w.have.Files["/etc/late"] = state.File{Exists: true, Content: append(slices.Clone(w.have.Files["/etc/late"].Content), " and a person's"...)}
		}
	}
	return c
}

// What a person writes before the run comes to a file is what is given back in the end, not what the run had seen.
func TestFileChangedMeanwhileIsGivenBack(t *testing.T) {
	w := newWorld()
	w.have.Files["/etc/a.json"] = state.File{Exists: true, Content: []byte("seen")}
	c, once := w.converger(), true
	c.Report = func([]Progress) {
		if once {
			once = false
			w.have.Files["/etc/a.json"] = state.File{Exists: true, Content: []byte("a person's")}
		}
	}
	if _, err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := string(w.ledger.Files["/etc/a.json"].Content); got != "a person's" {
		t.Errorf("given back is %q", got)
	}
}

// Of a file that the run has written the ledger keeps what the run had found.
func TestDisclaim(t *testing.T) {
	found := func(text string) state.Found { return state.Found{Existed: true, Content: []byte(text)} }
	earlier := state.Ledger{Files: map[string]state.Found{"/old": found("old")}}
	l := clone(earlier)
	l.Files["/written"], l.Files["/etc/docker/daemon.json"] = found("written"), found("seen")
	l.Files["/etc/apt/sources.list.d/docker.sources"] = state.Found{}
	l.Pending = map[string]json.RawMessage{"a": nil}
	l.Entries = map[string]state.Entry{"r": {}}
	disclaim(&l, earlier, map[string]state.File{"/written": {}})
	if len(l.Files) != 3 || l.Pending != nil || len(l.Entries) != 0 {
		t.Errorf("%+v", l)
	}
	l.Pending, l.Entries = map[string]json.RawMessage{"a": nil}, map[string]state.Entry{"r": {}}
	disclaim(&l, earlier, map[string]state.File{"/written": {}, "/etc/docker/daemon.json": {}, "/root/.docker/config.json": {}})
	if l.Pending == nil || len(l.Entries) != 1 {
		t.Errorf("what was written is disclaimed: %+v", l)
	}
}
