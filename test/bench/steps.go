package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Before the first step of a change lie the start of the handler, the look at the host, and the start of the
// work unit; behind the last one the second look, the record and the status.
const (
	beforeSteps = "before the first step"
	afterSteps  = "after the last step"
)

// stepValue is the name of a part's duration among the values of a sample, so that names sort in the order
// of the parts.
func stepValue(number int, name string) string { return fmt.Sprintf("step %02d %s_ms", number, name) }

var stepOf = regexp.MustCompile(`step=("(?:[^"\\]|\\.)*"|\S+)(?: took=(\S+))?`)

// addSteps adds how long each step of a run took that ended after so many milliseconds.
func addSteps(values map[string]float64, all []event, took float64) error {
	number, last := 0, 0.0
	for _, e := range all {
		found := stepOf.FindStringSubmatch(e.Fields)
		switch {
		case found == nil:
		case e.Message == "started" && number == 0:
			values[stepValue(0, beforeSteps)] = e.At
			number = 1
		case e.Message == "done":
			step, err := time.ParseDuration(found[2])
			if err != nil {
				return err
			}
			values[stepValue(number, strings.Trim(found[1], `"`))] = milliseconds(step)
			number, last = number+1, e.At
		}
	}
	if number > 0 {
		values[stepValue(number, afterSteps)] = took - last
	}
	return nil
}

// steps adds to a change what the log says of it.
func (l *lab) steps(ctx context.Context, values map[string]float64, done probed) error {
	all, err := l.events(ctx, done.Started)
	if err != nil {
		return err
	}
	return addSteps(values, all, done.Done)
}

// stepTable says where the time of each change goes.
func (r *results) stepTable(out *strings.Builder, suite string) {
	fmt.Fprintf(out, "**%s, where the time of a change goes**\n\n| | part | ms |\n|---|---|---:|\n", suite)
	var done []string
	for _, s := range r.Samples {
		if s.Suite != suite || slices.Contains(done, s.Scenario) {
			continue
		}
		done = append(done, s.Scenario)
		for _, value := range slices.Sorted(maps.Keys(s.Values)) {
			if part, found := strings.CutPrefix(value, "step "); found {
				typical, _ := r.median(suite, s.Scenario, s.Variant, value)
				fmt.Fprintf(out, "| %s | %s | %.0f |\n", s.Scenario, strings.TrimSuffix(part[len("00 "):], "_ms"), typical)
			}
		}
	}
	out.WriteString("\n")
}
