package enable

import (
	"testing"

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
