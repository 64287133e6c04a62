// Package view shows statuses to people: as a table that is drawn anew on a terminal, as plain lines
// elsewhere.
package view

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"docker-extension/internal/host/terminal"
	"docker-extension/test/harness/agent"
)

// Live draws statuses as they come: the whole table over the last one, or only the lines that are new, with
// the time since the start.
type Live struct{ board terminal.Board }

// NewLive draws to out, in place if that is a terminal.
func NewLive(out *os.File) *Live {
	if os.Getenv("TERM") == "dumb" {
		return newLive(out, 0)
	}
	return newLive(out, terminal.Width(out))
}

func newLive(out io.Writer, width int) *Live {
	started := time.Now()
	return &Live{terminal.Board{Out: out, Width: width, Once: func(line string) string {
		return fmt.Sprintf("%6.1fs  %s", time.Since(started).Seconds(), line)
	}}}
}

// Show draws s.
func (l *Live) Show(s agent.Status) { l.board.Show(Table(s)) }

// Table gives a status as lines: the sum of it, then one line for each step.
func Table(s agent.Status) []string {
	state := s.State
	if s.Fatal {
		state = "(the agent cannot read this status file)"
	}
	names := len("status")
	for _, step := range s.Substatus {
		names = max(names, utf8.RuneCountInString(step.Name))
	}
	lines := []string{row(names, "status", state, s.Code, s.Message)}
	for _, step := range s.Substatus {
		lines = append(lines, row(names, step.Name, step.State, step.Code, step.Message))
	}
	return lines
}

func row(names int, name, state string, code int, message string) string {
	note := ""
	if code != 0 {
		note = fmt.Sprintf("[%d] ", code)
	}
	message = strings.Join(strings.Fields(message), " ")
	pad := strings.Repeat(" ", names-utf8.RuneCountInString(name))
	return strings.TrimRight(fmt.Sprintf("%s%s  %s %-13s  %s%s", name, pad, sign(state), state, note, message), " ")
}

// sign gives a mark that is seen without reading.
func sign(state string) string {
	mark, ok := map[string]string{
		agent.Success: "✓", agent.Error: "✗", agent.Transitioning: "…", agent.Warning: "!",
	}[state]
	if !ok {
		return " "
	}
	return mark
}
