package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// Create writes a file that must not be there yet, and flushes it. What stands at p stays, whatever it
// is; a write that fails leaves nothing. The directory must exist. The file belongs to whoever calls.
func (r Root) Create(p string, f state.File) error {
	path := r.Path(p)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, f.Mode.Perm()) // #nosec G304 -- as in Write
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.HostFiles, p, "choose another place, or move it away", "cannot make the file: it is there already")
	}
	if err != nil {
		return failed("write", p, err)
	}
	_, writeErr := file.Write(f.Content)
	err = errors.Join(writeErr, file.Chmod(f.Mode.Perm()), file.Sync(), file.Close())
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(path)
		return failed("write", p, err)
	}
	return nil
}

// Replace makes p the file f as Write does, but leaves it to whoever calls.
func (r Root) Replace(p string, f state.File) error {
	path := r.Path(p)
	dir := filepath.Dir(path)
	err := renameio.WriteFile(path, f.Content, f.Mode, renameio.WithTempDir(dir), renameio.WithStaticPermissions(f.Mode))
	if err == nil {
		err = syncDir(dir)
	}
	return failed("write", p, err)
}

// Keep gives the file at p a second name, which must not be there yet: what becomes of p later, the
// content stays under that name.
func (r Root) Keep(p, under string) error {
	return failed("keep", p, os.Link(r.Path(p), r.Path(under)))
}

// MakeNewDir makes the directory p, for its owner alone. One that is there already is an error.
func (r Root) MakeNewDir(p string) error {
	return failed("make the directory", p, os.Mkdir(r.Path(p), 0o700))
}
