package files

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"

	"docker-extension/internal/state"
)

// WriteAll is Write for files that belong together, in the order of the paths. All of them are laid down
// beside their places before the first one changes: no room for one of them changes none.
func (r Root) WriteAll(paths []string, all map[string]state.File) error {
	laid := map[string]*renameio.PendingFile{}
	defer func() {
		for _, pending := range laid {
			_ = pending.Cleanup() // of one that is in place already there is nothing to clean
		}
	}()
	for _, p := range paths {
		if f := all[p]; f.Exists {
			pending, err := r.lay(p, bytes.NewReader(f.Content), f.Mode)
			if err != nil {
				return err
			}
			laid[p] = pending
		}
	}
	for _, p := range paths {
		if err := r.place(p, laid[p]); err != nil {
			return err
		}
	}
	return nil
}

// place puts a file in its place that was laid down; p is removed if none was.
func (r Root) place(p string, laid *renameio.PendingFile) error {
	if laid == nil {
		return r.Remove(p)
	}
	return failed("write", p, putInPlace(laid, filepath.Dir(r.Path(p))))
}

// lay writes what is to become p beside it.
func (r Root) lay(p string, content io.Reader, mode fs.FileMode) (*renameio.PendingFile, error) {
	if err := r.replaceable(p); err != nil {
		return nil, err
	}
	path := r.Path(p)
	if err := makeDir(filepath.Dir(path), 0o755); err != nil {
		return nil, failed("make the directory of", p, err)
	}
	laid, err := layBeside(path, content, mode, time.Time{})
	return laid, failed("write", p, err)
}

// layBeside writes a temporary file that is to become path. It needs to be in the same directory: rename does
// not cross file systems, and a secret must not pass through a directory that others can read. The file has
// been written at the given time, or now if that is zero, which changes no time (os.Chtimes).
func layBeside(path string, content io.Reader, mode fs.FileMode, at time.Time) (*renameio.PendingFile, error) {
	pending, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithStaticPermissions(mode))
	if err != nil {
		return nil, err
	}
	if _, err = io.Copy(pending, content); err == nil {
		err = ownedByRoot(pending.File.Chown)
	}
	if err == nil {
		err = os.Chtimes(pending.Name(), time.Time{}, at)
	}
	if err != nil {
		_ = pending.Cleanup() // the error that counts is the one that led here
		return nil, err
	}
	return pending, nil
}

// putInPlace flushes a file that was laid down, renames it, and flushes the name.
func putInPlace(laid *renameio.PendingFile, dir string) error {
	if err := laid.CloseAtomicallyReplace(); err != nil {
		_ = laid.Cleanup()
		return err
	}
	return syncDir(dir)
}
