package files

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// RemoveLeftovers removes the temporary files that earlier writes of p left behind because their
// process was killed: those last written before the given time. Pass a time that spares a write
// that another process has in hand. One from the future is none of these: it was written before the clock
// was put back.
func (r Root) RemoveLeftovers(p string, before time.Time) error {
	dir, base := filepath.Split(filepath.Clean("/" + p))
	entries, err := r.List(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		if isLeftover(entry, base, before) {
			errs = append(errs, r.Remove(filepath.Join(dir, entry.Name())))
		}
	}
	return errors.Join(errs...)
}

// HasLeftovers tells whether there is something for RemoveLeftovers.
func (r Root) HasLeftovers(p string) (bool, error) {
	dir, base := filepath.Split(filepath.Clean("/" + p))
	entries, err := r.List(dir)
	now := time.Now()
	return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return isLeftover(e, base, now) }), err
}

// SweepFolder is RemoveLeftovers for every write into a directory that is our own. Nobody may be writing
// there.
func (r Root) SweepFolder(dir string) error {
	entries, err := r.List(dir)
	if err != nil {
		return err
	}
	var errs []error
	for _, entry := range entries {
		name := entry.Name()
		if base := strings.TrimRight(name, "0123456789"); strings.HasPrefix(name, ".") && base != name && entry.Type().IsRegular() {
			errs = append(errs, r.Remove(filepath.Join(dir, name)))
		}
	}
	return errors.Join(errs...)
}

// isLeftover knows the names that renameio makes: a dot, the target's name and decimal digits.
func isLeftover(entry fs.DirEntry, base string, before time.Time) bool {
	digits, ok := strings.CutPrefix(entry.Name(), "."+base)
	if !ok || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return false
	}
	info, err := entry.Info()
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	written := info.ModTime()
	return written.Before(before) || written.After(time.Now())
}
