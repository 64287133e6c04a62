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

	"golang.org/x/sys/unix"

	"docker-extension/test/harness/agent"
)

// Live draws statuses as they come.
type Live struct {
	out io.Writer
	// width is the terminal's, in columns; 0 when out is none.
	width   int
	drawn   int
	printed map[string]bool
	started time.Time
}

// NewLive draws to out, in place if that is a terminal.
func NewLive(out *os.File) *Live {
	size, err := unix.IoctlGetWinsize(int(out.Fd()), unix.TIOCGWINSZ)
	if err != nil || os.Getenv("TERM") == "dumb" {
		return newLive(out, 0)
	}
	return newLive(out, int(size.Col))
}

func newLive(out io.Writer, width int) *Live {
	return &Live{out: out, width: width, printed: map[string]bool{}, started: time.Now()}
}

// Show draws s: the whole table over the last one, or only the lines that are new.
func (l *Live) Show(s agent.Status) {
	lines := Table(s)
	if l.width == 0 {
		l.append(lines)
		return
	}
	if l.drawn > 0 {
		fmt.Fprintf(l.out, "\x1b[%dA", l.drawn)
	}
	for _, line := range lines {
		fmt.Fprintf(l.out, "\x1b[2K%s\n", cut(line, l.width))
	}
	fmt.Fprint(l.out, "\x1b[J")
	l.drawn = len(lines)
}

// append prints the lines that were not printed before, with the time since the start.
func (l *Live) append(lines []string) {
	for _, line := range lines {
		if l.printed[line] {
			continue
		}
		l.printed[line] = true
		fmt.Fprintf(l.out, "%6.1fs  %s\n", time.Since(l.started).Seconds(), line)
	}
}

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

func cut(line string, width int) string {
	runes := []rune(line)
	if len(runes) <= width {
		return line
	}
	return string(runes[:width-1]) + "…"
}
