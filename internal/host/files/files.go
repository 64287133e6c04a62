// Package files is the hand that touches the host's file system.
//
// Every path that goes in is absolute and is looked up below a Root, so that a test can give a
// folder of its own the shape of a host. Every write is atomic and durable: the new content is
// written to a temporary file beside the target, flushed, renamed over the target, and the
// directory is flushed too. A reader sees the old file or the new one and never half of one, and
// so does the host after a power cut.
//
// No write, and no read of what is ours, goes through a symbolic link, nor through a directory where
// somebody else than root decides what is in it.
//
// Errors are faults with code fault.HostFiles; their place is the path as the caller gave it.
package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// MaxSize is the largest file, in bytes, that Read and ReadFollowing take in. The largest file that
// we have a use for is dpkg's status file, which has a few megabytes on a full installation.
const MaxSize = 16 << 20

// Root is a directory that stands for the host's root. The zero value is the real host.
type Root struct {
	dir       string
	following bool // see Following
}

// New gives the Root at dir, a directory of the real host. "" and "/" are the host itself.
func New(dir string) Root {
	if dir == "/" {
		dir = ""
	}
	return Root{dir: dir}
}

// Path gives the path on the real host of p, a path below the root. No number of ".." in p leads
// out of the root; a symbolic link inside the root does.
func (r Root) Path(p string) string {
	return filepath.Join(r.dir, filepath.Clean("/"+p))
}

// Below is the reverse of Path: it gives the path below the root of a path on the real host. One
// that is not below the root is given as it is.
func (r Root) Below(hostPath string) string {
	p, below := strings.CutPrefix(hostPath, r.dir+"/")
	if !below {
		return hostPath
	}
	return "/" + p
}

// Read gives the file at p. A file that is not there is no error but a state.File that does not
// exist. A symbolic link, a directory, a device and a file larger than MaxSize are errors: what we
// own is none of these, and to follow a link would mean to judge a file that is not ours.
func (r Root) Read(p string) (state.File, error) {
	return r.ReadAtMost(p, MaxSize)
}

// ReadAtMost is Read with a limit of its own, in bytes.
func (r Root) ReadAtMost(p string, limit int64) (state.File, error) {
	if err := r.way("read", p); err != nil {
		return state.File{}, err
	}
	return r.read(p, limit, syscall.O_NOFOLLOW)
}

// ReadFollowing is Read for a file that belongs to the system and may be a symbolic link, as
// /etc/os-release is. An absolute link is resolved on the real host, whatever the root is.
func (r Root) ReadFollowing(p string) (state.File, error) {
	return r.read(p, MaxSize, 0)
}

// read opens without blocking, because opening a named pipe would otherwise wait for a writer.
func (r Root) read(p string, limit int64, flags int) (state.File, error) {
	file, err := os.OpenFile(r.Path(p), os.O_RDONLY|syscall.O_NONBLOCK|flags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return state.File{}, nil
	}
	if err != nil {
		return state.File{}, failed("read", p, err)
	}
	defer file.Close()

	info, err := file.Stat()
	if err != nil {
		return state.File{}, failed("read", p, err)
	}
	if !info.Mode().IsRegular() {
		return state.File{}, irregular("read", p, info.Mode())
	}
	// One byte more than allowed, because the size in info may be old by now, and is 0 in /proc.
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return state.File{}, failed("read", p, err)
	}
	if int64(len(content)) > limit {
		return state.File{}, fault.New(fault.HostFiles, p, "",
			"cannot read: the file is larger than %d bytes", limit)
	}
	return state.File{Exists: true, Mode: info.Mode().Perm(), Content: content}, nil
}

// List gives the entries of a directory, sorted by name. A directory that is not there has none.
func (r Root) List(dir string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(r.Path(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("list", dir, err)
	}
	return entries, nil
}

// Exists tells whether anything is at p, a symbolic link that leads nowhere included.
func (r Root) Exists(p string) bool {
	_, err := os.Lstat(r.Path(p))
	return err == nil
}

// IsDir tells whether p is a directory, or a symbolic link to one.
func (r Root) IsDir(p string) bool {
	info, err := os.Stat(r.Path(p))
	return err == nil && info.IsDir()
}

// ModTime gives when the file at p was last written, and whether there is one.
func (r Root) ModTime(p string) (at time.Time, there bool, err error) {
	info, err := os.Lstat(r.Path(p))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return time.Time{}, false, nil
	case err != nil:
		return time.Time{}, false, failed("look at", p, err)
	}
	return info.ModTime(), true, nil
}
