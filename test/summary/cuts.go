package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// cutCount counts the cuts of one way in one plot on one suite.
type cutCount struct{ planned, passed, failed int }

// String gives the count, with what is missing of the plan.
func (c cutCount) String() string {
	text := fmt.Sprintf("%d of %d", c.passed, c.planned)
	if c.failed > 0 {
		text += fmt.Sprintf(", %d failed", c.failed)
	}
	return text
}

// cutTable writes how many runs were cut off, and healed.
func (r record) cutTable(out io.Writer) error {
	plans, err := notes[plan](r, "plan")
	if err != nil {
		return err
	}
	if len(plans) == 0 {
		fmt.Fprint(out, "\nRuns that are cut off were no part of it.\n")
		return nil
	}
	ways := map[string]bool{}
	for _, all := range plans {
		for way := range all[len(all)-1].Cuts {
			ways[way] = true
		}
	}
	columns := slices.Sorted(maps.Keys(ways))
	fmt.Fprintf(out, "\n### Runs that were cut off\n\n| run | suite | points | %s |\n|---|---|---:|%s\n",
		strings.ReplaceAll(strings.Join(columns, " | "), "_", " "), strings.Repeat("---:|", len(columns)))
	var total cutCount
	for _, n := range slices.SortedFunc(maps.Keys(plans), func(a, b name) int { return strings.Compare(a.Test, b.Test) }) {
		_, suite, plot := n.path()
		p := plans[n][len(plans[n])-1]
		fmt.Fprintf(out, "| %s | %s | %d |", plot, suite, p.Points)
		for _, way := range columns {
			c := r.cuts(n, way)
			c.planned = p.Cuts[way]
			fmt.Fprintf(out, " %s |", c)
			total = cutCount{total.planned + c.planned, total.passed + c.passed, total.failed + c.failed}
		}
		fmt.Fprintln(out)
	}
	fmt.Fprintf(out, "\n%d healed, %d failed, %d of those planned did not run.\n", total.passed, total.failed, total.planned-total.passed-total.failed)
	return nil
}

// cuts counts those of a plot that came to an end.
func (r record) cuts(plot name, way string) (c cutCount) {
	for n, o := range r {
		if !strings.HasPrefix(n.Test, plot.Test+"/") || !strings.HasSuffix(n.Test, "/"+way) {
			continue
		}
		switch o.action {
		case "pass":
			c.passed++
		case "fail":
			c.failed++
		}
	}
	return c
}
