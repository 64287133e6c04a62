package files

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"docker-extension/internal/state"
)

// Spare is room on the disk that is set aside for one write of a file, should the disk be full by then.
type Spare struct {
	root Root
	p    string
	file *os.File // without a name: it goes with the process that holds it
}

// Reserve sets aside room for size bytes of a new content of p, in its directory, which must exist. Release
// gives it back. It fails where the file system knows no files without a name (O_TMPFILE in open(2)).
func (r Root) Reserve(p string, size int64) (*Spare, error) {
	if err := r.way("reserve room for", p); err != nil {
		return nil, err
	}
	file, err := openNameless(filepath.Dir(r.Path(p)), size)
	if err != nil {
		return nil, failed("reserve room for", p, err)
	}
	return &Spare{root: r, p: p, file: file}, nil
}

// Write makes the file f of the room, as Root.Write would. It works once, for what is not larger than the
// room.
func (s *Spare) Write(f state.File) error {
	if err := s.root.replaceable(s.p); err != nil {
		return err
	}
	path := s.root.Path(s.p)
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"0") // as isLeftover knows them
	_, writeErr := s.file.WriteAt(f.Content, 0)
	err := errors.Join(writeErr, s.file.Truncate(int64(len(f.Content))),
		s.file.Chmod(f.Mode.Perm()), ownedByRoot(s.file.Chown), s.file.Sync())
	if err == nil {
		err = name(s.file, temp)
	}
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	return failed("write", s.p, err)
}

// Release gives the room back, if it was not used.
func (s *Spare) Release() { _ = s.file.Close() }

// Full tells whether an error says that there is no room on the disk.
func Full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
