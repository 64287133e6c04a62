package systemd

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"docker-extension/internal/host/command"
)

// Bounds of what is taken over from the journal: lines that are looked at, and lines that are told.
const (
	lookBack = 15
	tellMost = 3
)

// takeIn bounds how long the journal may take to take in what was said to it.
const takeIn = 5 * time.Second

// LastWords gives what a unit said last in the journal about its trouble, newest last, divided by
// " | ", and "" if that cannot be had: who asks has a worse trouble already.
func (m *Manager) LastWords(ctx context.Context, unit string) string {
	// Also when the job's time is over.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTimeout)
	defer cancel()
	// A unit may be gone before the journal has read its last words (journalctl(1), --sync). Without the
	// answer what there is has to do.
	_, _ = m.Runner.Run(ctx, command.Command{Name: "journalctl", Args: []string{"--sync"}, Timeout: takeIn})
	result, err := m.Runner.Run(ctx, command.Command{
		Name: "journalctl",
		Args: []string{"-u", unit, "-n", strconv.Itoa(lookBack), "-o", "cat", "--no-pager", "-q"},
	})
	if err != nil {
		return ""
	}
	return strings.Join(telling(result.Output, unit), " | ")
}

// telling picks the lines that say why. A crashing engine is started again some times, so that each
// line comes more than once and most of them are systemd's own.
func telling(output, unit string) []string {
	var all, picked []string
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		text, trouble := engineLine(line)
		all = latest(all, text)
		if trouble && !systemdLine(line, unit) {
			picked = latest(picked, text)
		}
	}
	if len(picked) == 0 {
		picked = all
	}
	return picked[max(0, len(picked)-tellMost):]
}

// latest appends a line; if it is there already, it moves to the end.
func latest(lines []string, line string) []string {
	if i := slices.Index(lines, line); i >= 0 {
		lines = slices.Delete(lines, i, i+1)
	}
	return append(lines, line)
}

// engineLine gives the message of a line in logrus' text format (time="..." level=info msg="..."),
// in which dockerd and containerd write, and whether it is trouble. A line in another format is
// taken for trouble: dockerd reports what keeps it from starting in plain words.
func engineLine(line string) (text string, trouble bool) {
	if !strings.HasPrefix(line, "time=") {
		return line, true
	}
	text = line
	if quoted := regexp.MustCompile(`msg=("(?:[^"\\]|\\.)*")`).FindStringSubmatch(line); quoted != nil {
		if message, err := strconv.Unquote(quoted[1]); err == nil {
			text = message
		}
	}
	return text, strings.Contains(line, " level=error ") || strings.Contains(line, " level=fatal ")
}

// systemdLine tells whether systemd itself wrote the line about the unit, and nothing of interest in it.
// Why it could not open a socket or start a program nobody else says.
func systemdLine(line, unit string) bool {
	if why, failed := strings.CutPrefix(line, unit+": Failed to "); failed {
		return strings.HasPrefix(why, "open /run/systemd/transient/") // a unit that is being forgotten
	}
	if strings.Contains(line, "unmet condition check ") {
		return true
	}
	for _, start := range []string{
		unit + ": ", "Starting ", "Started ", "Stopping ", "Stopped ", "Reloading ", "Reloaded ",
		"Failed to start ", "Failed to listen on ", "Closed ", "Listening on ", "Dependency failed for ", "Condition check ",
	} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return false
}
