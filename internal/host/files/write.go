package files

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// Write makes p the file f: content, exact mode whatever the umask, owner and group root when this
// process is root's. Missing parent directories are made with mode 0755. A file that does not
// exist is removed. Something at p that is not a regular file is an error and stays as it is.
func (r Root) Write(p string, f state.File) error {
	if !f.Exists {
		return r.Remove(p)
	}
	return r.replace(p, bytes.NewReader(f.Content), f.Mode)
}

// Copy makes to a copy of the regular file from, with the given mode, as Write would. The content
// is not held in memory. One that is such a copy already is left alone.
func (r Root) Copy(from, to string, mode fs.FileMode) error {
	source, err := os.OpenFile(r.Path(from), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return failed("read", from, err)
	}
	defer source.Close()

	info, err := source.Stat()
	if err != nil {
		return failed("read", from, err)
	}
	if !info.Mode().IsRegular() {
		return irregular("read", from, info.Mode())
	}
	if r.holds(to, source, info.Size(), mode) {
		return nil
	}
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return failed("read", from, err)
	}
	return r.replace(to, source, mode)
}

// holds tells whether the regular file p has this mode and the content of source, which is read.
func (r Root) holds(p string, source io.Reader, size int64, mode fs.FileMode) bool {
	file, err := os.OpenFile(r.Path(p), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Mode() != mode || info.Size() != size {
		return false
	}
	const block = 1 << 20
	ours, theirs := make([]byte, block), make([]byte, block)
	for {
		n, err := io.ReadFull(file, ours)
		m, _ := io.ReadFull(source, theirs)
		if n != m || !bytes.Equal(ours[:n], theirs[:m]) {
			return false
		}
		if err != nil {
			return err == io.EOF || err == io.ErrUnexpectedEOF
		}
	}
}

func (r Root) replace(p string, content io.Reader, mode fs.FileMode) error {
	laid, err := r.lay(p, content, mode)
	if err != nil {
		return err
	}
	return r.place(p, laid)
}

// replaceable refuses what rename would put out of the way without a word (a symbolic link, a
// socket) and what it would refuse in words that nobody understands (a directory).
func (r Root) replaceable(p string) error {
	if err := r.way("write", p); err != nil {
		return err
	}
	info, err := os.Lstat(r.Path(p))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return failed("write", p, err)
	case !info.Mode().IsRegular():
		return irregular("write", p, info.Mode())
	}
	return nil
}

// Flush sees to it that a file which somebody else has written survives a power cut. One that is not there is
// fine.
func (r Root) Flush(p string) error {
	file, err := os.OpenFile(r.Path(p), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		defer file.Close()
		err = errors.Join(file.Sync(), syncDir(filepath.Dir(r.Path(p))))
	}
	return failed("flush", p, err)
}

// Rewrite is Write for a file of somebody else, who goes by its time: that stays as it was.
func (r Root) Rewrite(p string, f state.File) error {
	if err := r.replaceable(p); err != nil {
		return err
	}
	path := r.Path(p)
	info, err := os.Lstat(path)
	if err != nil {
		return failed("write", p, err)
	}
	laid, err := layBeside(path, bytes.NewReader(f.Content), f.Mode, info.ModTime())
	if err == nil {
		err = putInPlace(laid, filepath.Dir(path))
	}
	return failed("write", p, err)
}

// Publish is the write for what may be lost in a power cut but must never be seen half written: the
// file is written in tempDir, which is on the same file system, and renamed to p. Nothing is flushed
// and no directory is made.
func (r Root) Publish(p string, f state.File, tempDir string) error {
	if err := r.way("write", p); err != nil {
		return err
	}
	temp, err := os.CreateTemp(r.Path(tempDir), "."+filepath.Base(p)+".*")
	if err != nil {
		return failed("write", p, err)
	}
	_, writeErr := temp.Write(f.Content)
	err = errors.Join(writeErr, temp.Chmod(f.Mode.Perm()), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), r.Path(p))
	}
	if err != nil {
		_ = os.Remove(temp.Name())
		return failed("write", p, err)
	}
	return nil
}

// OpenAppend opens the regular file p to write at its end, and makes it with the given mode if it is
// not there. The directory must exist.
func (r Root) OpenAppend(p string, mode fs.FileMode) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_APPEND | os.O_CREATE | syscall.O_NOFOLLOW | syscall.O_NONBLOCK
	if err := r.way("open", p); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(r.Path(p), flags, mode)
	if err != nil {
		return nil, failed("open", p, err)
	}
	info, err := file.Stat()
	switch {
	case err == nil && !info.Mode().IsRegular():
		err = irregular("write", p, info.Mode())
	case err == nil && hasOtherName(info):
		err = fault.New(fault.HostFiles, p, "remove it", "cannot write: the file has another name, a hard link, too")
	}
	if err != nil {
		file.Close()
		return nil, failed("open", p, err)
	}
	return file, nil
}

// Names tells whether an open file is the one at p.
func (r Root) Names(p string, file *os.File) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(r.Path(p))
	return err == nil && os.SameFile(opened, named)
}

// hasOtherName tells whether a file is somewhere else as well. A rename would leave the other name
// alone; to write at the end would not.
func hasOtherName(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink > 1
}

// Rename moves a file to another name on the same file system, over what is there.
func (r Root) Rename(from, to string) error {
	if err := errors.Join(r.way("rename", from), r.way("rename", to)); err != nil {
		return err
	}
	if err := os.Rename(r.Path(from), r.Path(to)); err != nil {
		return failed("rename", from, err)
	}
	return failed("rename", from, syncDir(filepath.Dir(r.Path(to))))
}

// MakeDir makes the directory p with exactly this mode, and its missing parents with 0755. A
// directory that is there already stays as it is, mode and all: it may be a person's.
func (r Root) MakeDir(p string, mode fs.FileMode) error {
	const what = "make the directory"
	if err := r.through(what, p, filepath.Clean("/"+p)); err != nil {
		return err
	}
	return failed(what, p, makeDir(r.Path(p), mode))
}

func makeDir(dir string, mode fs.FileMode) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return syscall.ENOTDIR
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(dir)
	if err := makeDir(parent, 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(dir, mode); errors.Is(err, fs.ErrExist) {
		return nil // somebody else was faster
	} else if err != nil {
		return err
	}
	if err := os.Chmod(dir, mode); err != nil {
		return err
	}
	if err := ownedByRoot(func(uid, gid int) error { return os.Lchown(dir, uid, gid) }); err != nil {
		return err
	}
	return syncDir(parent)
}

// Remove removes the file or symbolic link at p. One that is not there is no error; a directory is.
func (r Root) Remove(p string) error {
	if err := r.way("remove", p); err != nil {
		return err
	}
	path := r.Path(p)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return failed("remove", p, err)
	}
	if info.IsDir() {
		return irregular("remove", p, info.Mode())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failed("remove", p, err)
	}
	return failed("remove", p, syncDir(filepath.Dir(path)))
}

// ownedByRoot sets owner and group, which a directory with the setgid bit would otherwise choose.
// Only root can, and only root needs to.
func ownedByRoot(chown func(uid, gid int) error) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return chown(0, 0)
}

// syncDir flushes a directory's entries. Without it a rename may be lost in a power cut although
// the file's own content was flushed (see fsync(2)).
func syncDir(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- the folder of a file that was just written
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
