package enable

import (
	"testing"
	"time"

	"docker-extension/internal/host/files"
)

// The life of an order: it waits, it is worked on, it has ended. Only in the first two the same order need
// not be given again, and at each of them a kill must not lose it.
func TestLifeOfAnOrder(t *testing.T) {
	root := files.New(t.TempDir())
	d := desk{root}
	w := work{desk: d}
	o := Order{Version: "1.0.0", Sequence: 3}
	wantHas := func(stage string, want bool) {
		t.Helper()
		if got := w.has(o); got != want {
			t.Errorf("%s: has the order: %v, want %v", stage, got, want)
		}
	}
	wantNext := func(stage string, sequence int) {
		t.Helper()
		if got, there, err := d.next(); err != nil || !there || got.Sequence != sequence {
			t.Errorf("%s: next is %+v, %v, error %v; want sequence number %d", stage, got, there, err, sequence)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}

	wantHas("none", false)
	must(d.write(orderFile, o))
	wantHas("waiting", true)
	wantNext("taken", 3)
	wantHas("worked on", true)
	wantNext("killed while it was worked on", 3)
	must(d.end())
	wantHas("ended", false)
	wantNext("killed while it was reported", 3)
	wantHas("worked on again", true)
	must(d.end())
	must(d.write(orderFile, Order{Sequence: 4}))
	wantNext("a newer one came while it was reported", 4)
	wantNext("and was worked on when the unit was killed", 4)
	must(d.clear())
	if _, there, err := d.next(); there || err != nil {
		t.Errorf("an order is left, error %v", err)
	}
}

// Nobody holds the lock between the kill of a work unit and its next start.
func TestIdleWithNothingOnTheDesk(t *testing.T) {
	w := work{desk: desk{files.New(t.TempDir())}}
	wantIdle := func(stage string, want bool, err error) {
		t.Helper()
		if got := w.idle(false); got != want || err != nil {
			t.Errorf("%s: idle: %v, error %v; want %v", stage, got, err, want)
		}
	}
	wantIdle("an empty desk", true, nil)
	wantIdle("an order waits", false, w.desk.write(orderFile, Order{Sequence: 3}))
	_, _, err := w.desk.next()
	wantIdle("killed while it was worked on", false, err)
	wantIdle("killed while it was reported", false, w.desk.end())
	wantIdle("reported", true, w.desk.clear())
}

// A work unit that has nothing in hand any more is about to end. Who looks then waits for it: to be told that
// somebody works would start one more unit, for nothing, and the next look would meet that one's end.
func TestWorkingUntilTheOrderHasEnded(t *testing.T) {
	root := files.New(t.TempDir())
	w := work{desk: desk{root}}
	wantWorking := func(stage string, want bool) {
		t.Helper()
		if got, err := w.working(t.Context()); err != nil || got != want {
			t.Errorf("%s: working: %v, %v; want %v", stage, got, err, want)
		}
	}
	if err := w.desk.write(orderFile, Order{Sequence: 3}); err != nil {
		t.Fatal(err)
	}
	wantWorking("an order waits, and nobody is there", false)
	unlock, err := root.Lock(t.Context(), workLock)
	if err != nil {
		t.Fatal(err)
	}
	wantWorking("somebody is about to take it", true)
	if _, _, err := w.desk.next(); err != nil {
		t.Fatal(err)
	}
	wantWorking("it is worked on", true)
	if err := w.desk.end(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(3*lookAgain, unlock)
	wantWorking("it is being reported", false)
}
