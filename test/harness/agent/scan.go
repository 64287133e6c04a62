package agent

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
)

// scanScript greps for the patterns on its standard input in files, in the journal with all its
// fields, and in what every process was started with. It prints "place NUL match" for each hit. The
// patterns are never an argument, so the search does not find itself.
const scanScript = `patterns=$(cat)
search() { printf '%s\n' "$patterns" | grep -a -o -F --null -f - "$@" 2>/dev/null; }
for place in "$@"; do [ -e "$place" ] && search -r -H -D skip "$place" || :; done
search -H /proc/[0-9]*/cmdline /proc/[0-9]*/environ
if command -v journalctl >/dev/null; then
  journal=$(mktemp) && journalctl -o export --no-pager >"$journal" 2>/dev/null
  search -h "$journal" | sed 's/^/journal\x00/'
  rm -f "$journal"
fi
exit 0`

// scanned is where secrets are looked for, apart from processes and the journal.
func scanned() []string {
	return []string{"/var/log", LibDir, "/var/lib/docker-extension", "/etc", "/run", "/tmp", "/root"}
}

// SecretScan looks for secrets (name to value) in the places where a handler may leave them: logs,
// the agent's and the extension's folders, /etc, /run, /tmp, the journal, the environment and the
// arguments of every process. The agent's own settings and certificate files may hold them, and so
// may what allowed names: paths in the form of path.Match, or folders whose whole tree is meant.
func SecretScan(ctx context.Context, machine Machine, secrets map[string]string, allowed ...string) ([]Leak, error) {
	known, err := newPatterns(secrets)
	if err != nil {
		return nil, err
	}
	argv := []string{"/bin/sh", "-c", scanScript, "scan"}
	for _, place := range scanned() {
		argv = append(argv, machine.GuestPath(place))
	}
	output, err := machine.Run(ctx, known.list(), argv...)
	if err != nil {
		return nil, fmt.Errorf("cannot search the machine for secrets: %w", err)
	}
	if output.ExitCode != 0 {
		return nil, fmt.Errorf("cannot search the machine for secrets: %s", output.Stderr)
	}
	own := []string{LibDir + "/*/config/*.settings", LibDir + "/*.prv", LibDir + "/*.crt"}
	prefix := strings.TrimSuffix(machine.GuestPath("/"), "/")
	return known.leaks(output.Stdout, prefix, append(own, allowed...)), nil
}

// leaks reads the script's hits and leaves out allowed places.
func (p patterns) leaks(hits []byte, prefix string, allowed []string) []Leak {
	var found []Leak
	for hit := range bytes.Lines(hits) {
		place, match, ok := strings.Cut(strings.TrimSuffix(string(hit), "\n"), "\x00")
		name, secret := p[match]
		if !ok || !secret {
			continue
		}
		place = strings.TrimPrefix(place, prefix)
		leak := Leak{Secret: name, Place: place}
		if !isAllowed(place, allowed) && !slices.Contains(found, leak) {
			found = append(found, leak)
		}
	}
	return found
}

func isAllowed(place string, allowed []string) bool {
	for _, pattern := range allowed {
		matches, _ := path.Match(pattern, place)
		if matches || strings.HasPrefix(place, strings.TrimSuffix(pattern, "/")+"/") {
			return true
		}
	}
	return false
}
