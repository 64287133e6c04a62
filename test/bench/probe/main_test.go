package main

import (
	"slices"
	"testing"
)

// Output comes in pieces that know nothing of lines: a line has the time at which it began.
func TestLines(t *testing.T) {
	o := &output{}
	for i, piece := range []string{"first\nsec", "ond\n", "third\n\nfif", "th"} {
		_, _ = o.text.WriteString(piece)
		o.ends, o.times = append(o.ends, o.text.Len()), append(o.times, float64(i))
	}
	want := []line{{0, "first"}, {0, "second"}, {2, "third"}, {2, ""}, {2, "fifth"}}
	if got := o.lines(); !slices.Equal(got, want) {
		t.Errorf("lines are %v, want %v", got, want)
	}
	if got := (&output{}).lines(); len(got) != 0 {
		t.Errorf("lines of nothing are %v", got)
	}
}
