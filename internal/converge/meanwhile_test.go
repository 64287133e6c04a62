package converge

import (
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
