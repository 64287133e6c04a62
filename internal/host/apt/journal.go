package apt

import (
	"bytes"
	"path"
	"slices"
	"strconv"

	"docker-extension/internal/host/files"
)

// journalFolder is where dpkg notes each change of a package at once, a stanza of the status file in a
// file with a number. The next dpkg takes them into the status file. One that was killed leaves them: what
// they say is true, and what the status file says of these packages is not any more (dpkg's
// lib/dpkg/dbmodify.c).
const journalFolder = "/var/lib/dpkg/updates"

// journal gives the entries, the oldest first. Their names have the same number of digits.
func journal(root files.Root) ([]string, error) {
	entries, err := root.List(journalFolder)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err == nil {
			found = append(found, path.Join(journalFolder, entry.Name()))
		}
	}
	return found, nil
}

// later gives what the journal says, by package and architecture.
func later(root files.Root, entries []string, fields []string) (map[string]stanza, error) {
	found := map[string]stanza{}
	for _, entry := range entries {
		file, err := root.Read(entry)
		if err != nil {
			return nil, err
		}
		if err := parse(bytes.NewReader(file.Content), func(s *stanza) { found[s.key()] = *s }, fields...); err != nil {
			return nil, damaged(entry, err)
		}
	}
	return found, nil
}

// overlaid calls visit with what the journal says of a package in the place of what the status file says,
// and in the end with what only the journal knows.
func overlaid(changes map[string]stanza, visit func(*stanza)) (each func(*stanza), rest func()) {
	each = func(s *stanza) {
		if change, ok := changes[s.key()]; ok {
			delete(changes, s.key())
			s = &change
		}
		visit(s)
	}
	rest = func() {
		for _, change := range changes {
			visit(&change)
		}
	}
	return each, rest
}

// leaving gives the packages whose removal was interrupted. apt takes them for installed, does not bring
// them back where another one needs them, and dpkg then refuses that one.
func (a Apt) leaving() ([]string, error) {
	var names []string
	err := eachField(a.Root, func(s *stanza) {
		if s.unfinished() && (s.want == "deinstall" || s.want == "purge") {
			names = append(names, s.name)
		}
	}, "Package", "Status")
	slices.Sort(names)
	return names, err
}
