package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"docker-extension/internal/fault"
)

// mountTable lists what is mounted where (proc_pid_mountinfo(5)).
const mountTable = "/proc/self/mountinfo"

// RemoveTree removes the directory p and everything in it. If p is a symbolic link to a directory,
// as /var/lib/docker is where the data was moved to another disk, both go; where the disk is mounted
// at p itself, p stays and is empty. A tree that is not there is no error. A directory right below
// the root is refused, because no such tree is ever ours, and so is one with another file system
// mounted somewhere in it: that may be a share with everybody's data.
func (r Root) RemoveTree(p string) error {
	if err := r.way("remove", p); err != nil {
		return err
	}
	path := r.Path(p)
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r.Remove(p) // nothing, or a link that leads nowhere
	}
	if err != nil {
		return failed("remove", p, err)
	}
	if depth(filepath.Clean("/"+p)) < 2 || depth(target) < 2 {
		return fault.New(fault.HostFiles, p, "", "cannot remove: the directory is too near to the root")
	}
	return removeTree(p, path, target)
}

// removeTree removes the directory target and the link to it at path, if that is one.
func removeTree(p, path, target string) error {
	mounted, err := mountsIn(target)
	if err != nil {
		return failed("remove", p, err)
	}
	for _, at := range mounted {
		if at != target {
			return fault.New(fault.HostFiles, p, hint(syscall.EBUSY, p), "cannot remove: something is mounted at %s", at)
		}
	}
	if len(mounted) > 0 {
		return failed("empty", p, removeEntries(target))
	}
	if err := errors.Join(os.RemoveAll(target), os.RemoveAll(path)); err != nil {
		return failed("remove", p, err)
	}
	return failed("remove", p, syncDir(filepath.Dir(path)))
}

// RemoveIfEmpty removes the directory p unless something is in it. One that is not there is fine.
func (r Root) RemoveIfEmpty(p string) error {
	if err := r.way("remove", p); err != nil {
		return err
	}
	err := syscall.Rmdir(r.Path(p))
	if err == nil || errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST) {
		return nil
	}
	return failed("remove", p, err)
}

func removeEntries(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

// mountsIn gives the places at and below dir where something is mounted.
func mountsIn(dir string) ([]string, error) {
	all, err := mountPoints()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(at string) bool { return at != dir && !strings.HasPrefix(at, dir+"/") }), nil
}

// mountOf gives the place where the file system that p is on, or would be on, is mounted.
func mountOf(p string) string {
	best := "/"
	all, err := mountPoints()
	if err != nil {
		return best
	}
	for _, at := range all {
		if (at == p || strings.HasPrefix(p, at+"/")) && len(at) > len(best) {
			best = at
		}
	}
	return best
}

// mountPoints gives every place where something is mounted. A line of the table has it as its fifth
// word, with blanks and backslashes in octal.
func mountPoints() ([]string, error) {
	table, err := os.ReadFile(mountTable)
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(string(table)) {
		words := strings.Fields(line)
		if len(words) < 5 {
			continue
		}
		at, err := strconv.Unquote(`"` + strings.ReplaceAll(words[4], `"`, `\"`) + `"`)
		if err != nil {
			at = words[4]
		}
		found = append(found, at)
	}
	return found, nil
}

func depth(cleaned string) int {
	return len(strings.FieldsFunc(cleaned, func(c rune) bool { return c == '/' }))
}
