package main

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
)

// line is one that a run printed.
type line struct {
	At   float64 // in milliseconds since the start of the run
	Text string
}

// phase is a part of the way from a fresh VM to an engine that answers. It begins with the first line that
// shows it, and ends where the next one begins.
type phase struct {
	name  string
	shows *regexp.Regexp
}

// phases are those of every variant, in their order. Our own marks are "== update" and the like; everything
// else is apt's and dpkg's.
func phases() []phase {
	return []phase{
		{"before apt", nil},
		{"package lists", regexp.MustCompile(`^== update`)},
		{"apt reads and decides", regexp.MustCompile(`^== install`)},
		{"download", regexp.MustCompile(`^Need to get `)},
		{"unpack", regexp.MustCompile(`^(Selecting previously unselected|Preparing to unpack|\(Reading database)`)},
		{"set up", regexp.MustCompile(`^Setting up `)},
		{"until the engine answers", regexp.MustCompile(`^== engine`)},
		{"images and project", regexp.MustCompile(`^== project`)},
		{"watch over the project", regexp.MustCompile(`^== watch`)},
	}
}

// phaseValue is the name of a phase's duration among the values of a sample.
func phaseValue(name string) string { return "phase " + name + "_ms" }

// split adds how long each phase took, of a run that printed the lines and took so many milliseconds.
func split(values map[string]float64, lines []line, took float64) {
	all := phases()
	current, since := 0, 0.0
	for _, l := range lines {
		for next := current + 1; next < len(all); next++ {
			if all[next].shows.MatchString(l.Text) {
				values[phaseValue(all[current].name)] = l.At - since
				current, since = next, l.At
				break
			}
		}
	}
	values[phaseValue(all[current].name)] = took - since
}

// stamped runs a script in the VM, and gives what it printed and when.
func (l *lab) stamped(ctx context.Context, script string) ([]line, error) {
	all, err := l.run(ctx, "stamp", "-", script)
	if err != nil {
		return nil, err
	}
	return all[0].Lines, nil
}

// event is a line of the extension's log.
type event struct {
	At              float64 // in milliseconds since the start of the run
	Message, Fields string
}

var logged = regexp.MustCompile(`^time="([^"]+)" level=\w+ msg=("(?:[^"\\]|\\.)*"|\S+)(.*)$`)

// events gives what the extension's log says since the start of a run.
func events(log string, started time.Time) ([]event, error) {
	var all []event
	for text := range strings.Lines(log) {
		found := logged.FindStringSubmatch(strings.TrimSuffix(text, "\n"))
		if found == nil {
			return nil, fmt.Errorf("a line of the log is of no known form: %q", text)
		}
		at, err := time.Parse(time.RFC3339Nano, found[1])
		if err != nil {
			return nil, err
		}
		// The log's clock has milliseconds only.
		if since := milliseconds(at.Sub(started.Truncate(time.Millisecond))); since >= 0 {
			all = append(all, event{since, strings.Trim(found[2], `"`), found[3]})
		}
	}
	return all, nil
}

// events gives what the log in the VM says since the start of a run.
func (l *lab) events(ctx context.Context, started time.Time) ([]event, error) {
	text, err := l.vm.Sh(ctx, "cat "+agent.LogDir+"/*/docker-extension.log")
	if err != nil {
		return nil, err
	}
	return events(text, started)
}

// ownLines gives the events of a run as lines with the marks that phases know.
func ownLines(all []event) []line {
	lines := make([]line, len(all))
	up := false // whether compose has begun to bring up the project
	for i, e := range all {
		text := mark(e)
		if up && e.Message == "command ended" {
			text = "== watch"
		}
		up = up || strings.Contains(e.Fields, " up --detach ")
		lines[i] = line{e.At, text}
	}
	return lines
}

// mark gives the mark for an event, or the message itself.
func mark(e event) string {
	for _, m := range []struct{ message, fields, mark string }{
		{"command started", ` update" command=apt-get`, "== update"},
		{"command started", ` install -y `, "== install"},
		{"started", `step="ask the engine whether`, "== engine"},
		{"started", `step="pull `, "== project"},
	} {
		if e.Message == m.message && strings.Contains(e.Fields, m.fields) {
			return m.mark
		}
	}
	return e.Message
}
