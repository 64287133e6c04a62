package apt

import (
	"context"
	"errors"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/patience"
)

// Bounds of what an error says in apt's words; the log has it all.
const (
	linesOfRun     = 3   // of the run that failed
	linesOfEarlier = 2   // of a run before it
	lineLength     = 240 // bytes of each
)

// blame makes the fault of a failed run. The first error is the run's, the others are those of runs
// before it that may have been the reason, and may be nil.
func blame(what string, err error, earlier ...error) error {
	var known *fault.Fault
	if errors.As(err, &known) {
		return err
	}
	text := words(err, linesOfRun)
	for _, e := range earlier {
		if e != nil {
			text += "; before that: " + words(e, linesOfEarlier)
		}
	}
	code := fault.PackageInstall
	var held *heldError
	if errors.As(err, &held) {
		code = fault.Busy
	}
	return &fault.Fault{
		Code: code,
		Err:  &failure{what: what, text: text, cause: err},
		Hint: hint(append([]error{err}, earlier...)),
	}
}

// failure is a failed run in apt's words, with the child's error as its cause.
type failure struct {
	what, text string
	cause      error
}

// Error says what could not be done, and why.
func (f *failure) Error() string { return "cannot " + f.what + ": " + f.text }

// Unwrap gives the child's error.
func (f *failure) Unwrap() error { return f.cause }

// words gives at most count lines of a child's output that say why it failed, on one line; the error
// itself if there is no output or if it was us who ended the child.
func words(err error, count int) string {
	var exit *command.ExitError
	if !errors.As(err, &exit) || exit.Cause != nil {
		return err.Error()
	}
	lines := meaningful(exit.Tail, count)
	if len(lines) == 0 {
		return err.Error()
	}
	return strings.Join(lines, " | ")
}

// dpkgGaveUp is how dpkg tells of what it cannot go on after, such as a full disk; the reason is on the next
// line (lib/dpkg/ehandle.c of dpkg).
const dpkgGaveUp = "dpkg: unrecoverable fatal error"

// meaningful gives apt's error lines, then those of failed fetches, then dpkg's, at most count of
// them and one for each reason. Of an output without any, the last lines.
func meaningful(output string, count int) []string {
	lines := nonEmpty(output)
	var found, reasons []string
	for _, prefix := range []string{"E: ", "Err:", "dpkg: error", dpkgGaveUp, "W: Failed to fetch"} {
		for i, line := range lines {
			if !strings.HasPrefix(line, prefix) || isEcho(line) {
				continue
			}
			if prefix == "Err:" || prefix == dpkgGaveUp {
				line += reasonBelow(lines[i+1:])
			}
			if why := reason(line); !slices.Contains(reasons, why) {
				found, reasons = append(found, fault.Shorten(line, lineLength)), append(reasons, why)
			}
		}
	}
	if len(found) == 0 {
		return lines[max(0, len(lines)-count):]
	}
	return found[:min(count, len(found))]
}

// reasonBelow gives the reason where it is on a line of its own, indented, as below "Err:1 http://... InRelease".
func reasonBelow(rest []string) string {
	if len(rest) == 0 || !strings.HasPrefix(rest[0], " ") {
		return ""
	}
	return "  " + strings.TrimSpace(rest[0])
}

// isEcho tells whether a line only says once more, in general, what the lines before it say.
func isEcho(line string) bool {
	return strings.HasPrefix(line, "E: Couldn't find any package by ") || strings.HasPrefix(line, "E: Some index files failed to download")
}

// reason gives the part of a line after the file that could not be fetched, where there is one:
// without network there is such a line for each file.
func reason(line string) string {
	if _, why, ok := strings.Cut(line, "  "); ok {
		return why
	}
	return line
}

func nonEmpty(output string) []string {
	var lines []string
	for line := range strings.Lines(output) {
		if line = strings.TrimRight(line, "\r\n\t "); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// hint gives the cure for what the runs printed.
func hint(runs []error) string {
	if found := troubleIn(runs); found.hint != "" {
		return found.hint
	}
	for _, err := range runs {
		if errors.Is(err, context.DeadlineExceeded) {
			return "see in the log what it was waiting for, " + fault.Retry
		}
	}
	return "see apt's whole output in the log of this run"
}

// troubleIn gives the first trouble that the runs printed signs of; the zero value if there is none.
func troubleIn(runs []error) trouble {
	var said strings.Builder
	for _, err := range runs {
		var exit *command.ExitError
		var held *heldError
		switch {
		case errors.As(err, &exit):
			said.WriteString(exit.Tail)
		case errors.As(err, &held):
			said.WriteString("E: Could not get lock")
		}
	}
	for _, known := range troubles() {
		for _, sign := range known.signs {
			if strings.Contains(said.String(), sign) {
				return known
			}
		}
	}
	return trouble{}
}

// passing marks an error whose trouble may go away by itself, as those of networks and mirrors do.
func passing(err error, runs ...error) error {
	if found := troubleIn(runs); err != nil && found.awaits != "" {
		return patience.Later(found.awaits, err)
	}
	return err
}

// trouble is a cause of failure, known by what apt or dpkg print.
type trouble struct {
	signs  []string
	hint   string
	awaits string // whom to wait for, where the trouble may go away by itself
}

// troubles are ordered from cause to consequence: without network, packages cannot be found either.
func troubles() []trouble {
	return []trouble{
		{signs: []string{"E: Could not get lock", "is another process using it", "locked by another process"},
			hint: "wait until the other run of apt or dpkg has ended (the process is named above), " + fault.Retry},
		{signs: []string{"No space left on device", "have enough free space"},
			hint: "make room on the disk (df -h and df -i show what is full), " + fault.Retry},
		{signs: []string{"Read-only file system"},
			hint: "mount the file system read-write (findmnt shows it), " + fault.Retry},
		{signs: []string{"Temporary failure resolving", "Could not resolve", "Name or service not known"},
			hint:   "let the VM resolve names: check its DNS servers and the network's DNS settings",
			awaits: "a DNS server that knows the package servers"},
		{signs: []string{"Network is unreachable", "Could not connect", "Unable to connect", "Cannot initiate the connection",
			"Connection timed out", "connection timed out", "Connection refused", "Connection failed", "No route to host",
			"Error reading from server", "Remote end closed connection", "Connection closed prematurely"},
			hint:   "let the VM reach the package servers of its apt sources: check network security groups, firewall, route and proxy",
			awaits: "the package servers to answer"},
		{signs: []string{"is not valid yet", "is expired", "Release file is not yet valid"},
			hint: "set the VM's clock, or use a mirror that is kept up to date"},
		{signs: []string{"NO_PUBKEY", "EXPKEYSIG", "is not signed", "The following signatures"},
			hint: "renew the repository's key on the VM, or remove the repository from the apt sources"},
		{signs: []string{"Hash Sum mismatch", "File has unexpected size", "Mirror sync in progress"},
			hint:   "try again in some minutes: the mirror is being updated, or a proxy serves an old copy",
			awaits: "the mirror to be in step with itself"},
		{signs: []string{"500  ", "502  ", "503  ", "504  "},
			hint:   "try again in some minutes: the package server, or a proxy before it, is in trouble",
			awaits: "the package servers to recover"},
		{signs: []string{"dpkg was interrupted"},
			hint: "run dpkg --configure -a on the VM and see why it fails"},
		{signs: []string{"404  Not Found", "does not have a Release file"},
			hint: "check the apt sources: the distribution's release may have moved to its archive"},
		{signs: []string{"Unable to locate package", "has no installation candidate", "was not found"},
			hint: "check the apt sources: the component that has the package may be off (main on Debian, universe on Ubuntu)"},
		{signs: []string{"unmet dependencies", "held broken packages", "pkgProblemResolver"},
			hint: "run apt-get install with these packages on the VM to see what is in the way, held packages in the first place"},
		{signs: []string{"maintainer script", "post-installation script", "pre-installation script", "returned an error code"},
			hint: "see the package's own message in the log, cure it, " + fault.Retry},
		{signs: []string{"are you root?", "Permission denied"},
			hint: "run this as root"},
	}
}
