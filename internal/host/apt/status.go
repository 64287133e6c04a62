package apt

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// StatusFile is dpkg's record of every package, in the form that deb822(5) describes. A "Status"
// field has three words: what is wanted, whether the record is damaged, and what is (dpkg(1)).
const StatusFile = "/var/lib/dpkg/status"

// longestField bounds a line of the status file. The longest ones that exist are the dependencies
// of meta packages, of some kilobytes.
const longestField = 1 << 20

// Packages gives every package that dpkg knows, by name. A package that is there for several
// architectures is installed if one of them is. A host without dpkg has no packages.
func Packages(root files.Root) (map[string]state.Package, error) {
	marked, err := automatic(root)
	if err != nil {
		return nil, err
	}
	packages := make(map[string]state.Package, 1024)
	err = eachField(root, func(stanza *stanza) {
		known := packages[stanza.name]
		packages[stanza.name] = state.Package{
			Installed: known.Installed || stanza.installed(),
			Held:      known.Held || stanza.want == "hold",
			Half:      known.Half || stanza.unfinished(),
			Automatic: marked[stanza.name],
			Version:   known.Version,
		}
		if stanza.installed() {
			p := packages[stanza.name]
			p.Version = stanza.version
			packages[stanza.name] = p
		}
	}, "Package", "Status", "Version")
	return packages, err
}

// stanza is one package in the status file; what was not asked for is empty.
type stanza struct {
	name     string
	want     string // "install", "hold", "deinstall", "purge"
	status   string // "installed", "half-configured", "config-files", ...
	torn     bool   // "reinstreq": its unpacking was cut off, and dpkg wants it to be unpacked anew
	requires []string
	provides string
	arch     string
	version  string

	automatic bool // in apt's record
}

// key tells packages apart that are there for several architectures.
func (s *stanza) key() string { return s.name + ":" + s.arch }

func (s *stanza) installed() bool { return s.status == "installed" }

// unfinished tells whether dpkg was interrupted at this package: neither in nor out.
func (s *stanza) unfinished() bool {
	switch s.status {
	case "half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending":
		return true
	}
	return false
}

// set takes in one field.
func (s *stanza) set(field, value string) {
	switch field {
	case "Package":
		s.name = value
	case "Status":
		if words := strings.Fields(value); len(words) == 3 {
			s.want, s.torn, s.status = words[0], words[1] == "reinstreq", words[2]
		}
	case "Depends", "Pre-Depends":
		s.requires = append(s.requires, value)
	case "Provides":
		s.provides = value
	case "Architecture":
		s.arch = value
	case "Version":
		s.version = value
	case "Auto-Installed":
		s.automatic = value == "1"
	}
}

// eachField calls visit for each stanza of the status file, with these fields filled. The stanza is
// only valid during the call.
func eachField(root files.Root, visit func(*stanza), fields ...string) error {
	file, err := os.Open(root.Path(StatusFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fault.New(fault.HostFiles, StatusFile, "", "cannot read dpkg's record: %w", err)
	}
	defer file.Close()
	entries, err := journal(root)
	if err != nil {
		return err
	}
	rest := func() {}
	if len(entries) > 0 {
		fields = append(fields, "Architecture")
		changes, err := later(root, entries, fields)
		if err != nil {
			return err
		}
		visit, rest = overlaid(changes, visit)
	}
	if err := parse(file, visit, fields...); err != nil {
		return damaged(StatusFile, err)
	}
	rest()
	return nil
}

func damaged(file string, err error) error {
	return fault.New(fault.HostConfig, file, "see whether dpkg --audit finds it damaged, and repair it",
		"cannot read dpkg's record: %w", err)
}

// parse reads stanzas. Most lines are of no interest, so that they are told apart by their first
// bytes and nothing is copied: a no-op run spends most of its time here.
func parse(r io.Reader, visit func(*stanza), fields ...string) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), longestField)
	prefixes := make([][]byte, len(fields))
	for i, field := range fields {
		prefixes[i] = []byte(field + ":")
	}
	var current stanza
	flush := func() {
		if current.name != "" {
			visit(&current)
		}
		current = stanza{}
	}
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 {
			flush()
			continue
		}
		for i, prefix := range prefixes {
			if line[0] == prefix[0] && bytes.HasPrefix(line, prefix) {
				current.set(fields[i], string(bytes.TrimSpace(line[len(prefix):])))
			}
		}
	}
	flush()
	return lines.Err()
}
