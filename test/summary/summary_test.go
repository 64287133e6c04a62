package main

import (
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	tests := map[string]struct {
		events string // `go test -json`, in short: action package test output
		want   string
	}{
		"passes": {
			events: "pass p A\npass p",
			want:   "\n1 passed, 0 failed, 0 skipped\n",
		},
		"subtests count and their parents do not": {
			events: "pass p A/x\npass p A/y\npass p A\npass p",
			want:   "\n2 passed, 0 failed, 0 skipped\n",
		},
		"skips are grouped by reason": {
			events: "output p A ____a.go:7:_needs_root\nskip p A\noutput p B b.go:1:_needs_root\nskip p B\npass p",
			want:   "\nskipped: needs root\n  p A\n  p B\n\n0 passed, 0 failed, 2 skipped\n",
		},
		"a failed subtest is one failure": {
			events: "fail p A/x\npass p A/y\nfail p A\nfail p",
			want:   "\nfailed:\n  p A/x\n\n1 passed, 1 failed, 0 skipped\n",
		},
		"a parent that fails by itself counts": {
			events: "pass p A/x\nfail p A\nfail p",
			want:   "\nfailed:\n  p A\n\n1 passed, 1 failed, 0 skipped\n",
		},
		"a package that cannot be built fails": {
			events: "fail p\npass q A\npass q",
			want:   "\nfailed:\n  p\n\n1 passed, 1 failed, 0 skipped\n",
		},
		"a test that never ends fails": {
			events: "run p A\nfail p",
			want:   "\nfailed:\n  p A\n\n0 passed, 1 failed, 0 skipped\n",
		},
		"a package without tests is nothing": {
			events: "skip p\npass q A\npass q",
			want:   "\n1 passed, 0 failed, 0 skipped\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := record{}
			if err := r.read(strings.NewReader(lines(test.events))); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			r.print(&out, r.sum())
			if out.String() != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", out.String(), test.want)
			}
		})
	}
}

func TestNoEventsIsAnError(t *testing.T) {
	for _, events := range []string{"", "go: cannot find main module\n"} {
		if err := (record{}).read(strings.NewReader(events)); err == nil {
			t.Errorf("%q was taken for the events of a test run", events)
		}
	}
}

// lines makes JSON of the short form; "_" stands for a blank in an output.
func lines(short string) string {
	var b strings.Builder
	for line := range strings.Lines(short) {
		field := append(strings.Fields(line), "", "", "")
		b.WriteString(`{"Action":"` + field[0] + `","Package":"` + field[1] + `","Test":"` + field[2] +
			`","Output":"` + strings.ReplaceAll(field[3], "_", " ") + "\"}\n")
	}
	return b.String()
}
