package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"docker-extension/internal/fault"
)

// Following gives the same root for folders whose place others decide, as the agent does of its own:
// there root may have put a symbolic link in the place of any directory.
func (r Root) Following() Root {
	r.following = true
	return r
}

// way sees to it that nobody but root can lead us astray on the way to p: each directory above it is a
// real one, belongs to root (or to whom this process runs as), and is not writable by everybody. Once
// that is so nobody else can change it, and there is no race to lose between this look and the write.
// A group may be let in: that is root's own decision, and Ubuntu takes it for /var/log.
//
// Where the way ends, because a directory is still to be made, it is fine.
func (r Root) way(what, p string) error {
	return r.through(what, p, filepath.Dir(filepath.Clean("/"+p)))
}

// through is way for a directory and all above it.
func (r Root) through(what, p, last string) error {
	dir := "/"
	for _, step := range strings.FieldsFunc(last, func(c rune) bool { return c == '/' }) {
		dir = filepath.Join(dir, step)
		info, err := os.Lstat(r.Path(dir))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			info, err = r.followed(dir, info)
		}
		if err == nil {
			err = trusted(dir, info)
		}
		if err != nil {
			return failed(what, p, err)
		}
	}
	return nil
}

// followed gives the directory behind a symbolic link, if it may be one.
func (r Root) followed(dir string, link fs.FileInfo) (fs.FileInfo, error) {
	if !r.following && !movable(dir) || !ours(link) {
		return nil, astray(dir, "is a symbolic link", "put a real directory in its place; `mount --bind` is a way to keep it on another disk")
	}
	return os.Stat(r.Path(dir))
}

// movable tells whether a directory is one of the system's big ones, which people move to another disk.
func movable(dir string) bool {
	return strings.Count(dir, "/") == 1 || slices.Contains([]string{"/var/lib", "/var/log"}, dir)
}

// trusted tells what is wrong with a directory on the way. In one with the sticky bit everybody may
// write, but nobody may touch what belongs to others.
func trusted(dir string, info fs.FileInfo) error {
	switch {
	case !info.IsDir():
		return syscall.ENOTDIR
	case !ours(info):
		return astray(dir, "does not belong to root", "give it back to root: chown root:root "+dir)
	case info.Mode().Perm()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0:
		return astray(dir, "is writable by everybody", "take that away: chmod o-w "+dir)
	}
	return nil
}

// ours tells whether something belongs to root or to whom this process runs as.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (stat.Uid == 0 || int(stat.Uid) == os.Geteuid())
}

// wrongWay is a directory that may lead astray.
type wrongWay struct{ dir, is, hint string }

func astray(dir, is, hint string) error { return &wrongWay{dir, is, hint} }

func (w *wrongWay) Error() string { return fmt.Sprintf("the directory %s %s", w.dir, w.is) }

func (w *wrongWay) fault(what, p string) error {
	return fault.New(fault.HostFiles, p, w.hint, "cannot %s: %w", what, w)
}
