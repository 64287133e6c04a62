package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// sum is the result of all stages: the tests of each kind, in order of their names.
type sum struct {
	passed, failed, skipped []name
}

// sum counts each test once. A test with subtests is no test of its own, unless it failed with none
// of them failing; the same goes for a package, which fails alone when it cannot be built. A test
// that was started and never ended has failed.
func (r record) sum() sum {
	parents := r.parents()
	var s sum
	for n, o := range r {
		group := n.Test == "" || parents[n] != nil
		switch o.action {
		case "pass":
			if !group {
				s.passed = append(s.passed, n)
			}
		case "skip":
			if !group {
				s.skipped = append(s.skipped, n)
			}
		default:
			if !group || !r.anyFailed(parents[n]) {
				s.failed = append(s.failed, n)
			}
		}
	}
	for _, names := range [][]name{s.passed, s.failed, s.skipped} {
		slices.SortFunc(names, func(a, b name) int { return strings.Compare(a.String(), b.String()) })
	}
	return s
}

// parents maps each package and each test with subtests to the names right below it.
func (r record) parents() map[name][]name {
	below := map[name][]name{}
	for n := range r {
		if n.Test == "" {
			continue
		}
		parent := name{Package: n.Package}
		if cut := strings.LastIndex(n.Test, "/"); cut > 0 {
			parent.Test = n.Test[:cut]
		}
		below[parent] = append(below[parent], n)
	}
	return below
}

func (r record) anyFailed(names []name) bool {
	return slices.ContainsFunc(names, func(n name) bool {
		return r[n].action == "fail" || r[n].action == "run"
	})
}

// print lists what was skipped, by reason, and what failed; the last line holds the counts.
func (r record) print(out io.Writer, s sum) {
	byReason := map[string][]name{}
	for _, n := range s.skipped {
		reason := r[n].reason()
		byReason[reason] = append(byReason[reason], n)
	}
	reasons := make([]string, 0, len(byReason))
	for reason := range byReason {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	for _, reason := range reasons {
		fmt.Fprintf(out, "\nskipped: %s\n", reason)
		printNames(out, byReason[reason])
	}
	if len(s.failed) > 0 {
		fmt.Fprintf(out, "\nfailed:\n")
		printNames(out, s.failed)
	}
	fmt.Fprintf(out, "\n%d passed, %d failed, %d skipped\n", len(s.passed), len(s.failed), len(s.skipped))
}

func printNames(out io.Writer, names []name) {
	for _, n := range names {
		fmt.Fprintf(out, "  %s\n", n)
	}
}
