package compose

import (
	"errors"
	"strings"

	"docker-extension/internal/host/command"
)

// reason gives the one line that says why compose failed. Its last line is often only that it did.
func reason(err error) error {
	var exit *command.ExitError
	if !errors.As(err, &exit) || exit.Cause != nil {
		return err
	}
	if line := telling(exit.Tail); line != "" {
		return errors.New(line)
	}
	return err
}

// telling gives the last line that says something beyond "it failed": compose 1 ends with a summary,
// compose 2 with the error itself.
func telling(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(lines[i])
		line = strings.TrimSpace(strings.TrimPrefix(line, "ERROR:"))
		line = strings.TrimPrefix(line, "Error response from daemon: ")
		if line == "" || strings.HasPrefix(line, "Encountered errors while bringing up the project") {
			continue
		}
		return strings.Join(strings.Fields(continued(lines[:i], line)), " ")
	}
	return ""
}

// continued puts the line before in front of one that only goes on.
func continued(before []string, line string) string {
	if len(before) == 0 || !strings.HasPrefix(before[len(before)-1], "ERROR:") || len(line) > 200 {
		return line
	}
	head := strings.TrimSpace(strings.TrimPrefix(before[len(before)-1], "ERROR:"))
	if strings.HasSuffix(head, ":") {
		return head + " " + line
	}
	return line
}

// together gives the reason and the last words, the reason once: compose and the container may have it
// both, from the engine.
func together(reason error, words string) string {
	if words == "" {
		return reason.Error()
	}
	_, cause, _ := strings.Cut(words, cannotStart)
	cause, _, _ = strings.Cut(cause, "; ")
	if cause != "" && strings.Contains(reason.Error(), cause) {
		return words
	}
	return reason.Error() + "; " + words
}
