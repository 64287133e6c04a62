package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// event is one line of `go test -json`; `go doc test2json` describes it.
type event struct {
	Time    time.Time
	Action  string
	Package string
	Test    string
	Output  string
}

// name is one test; an empty Test stands for the package as a whole.
type name struct{ Package, Test string }

func (n name) String() string { return strings.TrimSpace(n.Package + " " + n.Test) }

// outcome is what became of a test.
type outcome struct {
	action string // "pass", "fail", "skip", or "run" while none of them was seen
	output []string
	// first and last are the times of its first and last event.
	first, last time.Time
}

// reason gives what a test said while it ran, on one line and without the framework's own lines
// and the source positions before each message.
func (o *outcome) reason() string {
	position := regexp.MustCompile(`^\s*\S+\.go:\d+: `)
	var said []string
	for _, line := range o.output {
		text := strings.TrimSpace(position.ReplaceAllString(line, ""))
		if text != "" && !strings.HasPrefix(text, "=== ") && !strings.HasPrefix(text, "--- ") {
			said = append(said, text)
		}
	}
	return strings.Join(said, " ")
}

// record is every test that was seen, of all stages.
type record map[name]*outcome

// read adds the events of one stage. A stage without any event is an error: its tests did not run.
func (r record) read(events io.Reader) error {
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 1<<24)
	count := 0
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return fmt.Errorf("cannot read event %q: %w", lines.Text(), err)
		}
		r.add(e)
		count++
	}
	if count == 0 && lines.Err() == nil {
		return errors.New("no test ran")
	}
	return lines.Err()
}

// add takes one event into the record. Events of builds belong to no package and no test; the
// package whose test could not be built fails by itself.
func (r record) add(e event) {
	if e.Package == "" {
		return
	}
	n := name{e.Package, e.Test}
	if r[n] == nil {
		r[n] = &outcome{action: "run", first: e.Time}
	}
	r[n].last = e.Time
	switch e.Action {
	case "pass", "fail", "skip":
		r[n].action = e.Action
	case "output":
		r[n].output = append(r[n].output, e.Output)
	}
}
