package files

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"docker-extension/internal/fault"
)

// failed makes a Fault of an error of the system, and nil of nil. The path that the system's error
// carries is dropped: the Fault names it as its place. A Fault stays as it is.
func failed(what, p string, err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Fault
	if errors.As(err, &known) {
		return known
	}
	var wrong *wrongWay
	if errors.As(err, &wrong) {
		return wrong.fault(what, p)
	}
	if errors.Is(err, syscall.ELOOP) {
		return irregular(what, p, fs.ModeSymlink)
	}
	return fault.New(fault.HostFiles, p, hint(err, p), "cannot %s: %w", what, cause(err))
}

func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}

// hint gives the cure for the errors that a person can do something about.
func hint(err error, p string) string {
	switch {
	case Full(err):
		at := mountOf(p)
		return "make room on the file system at " + at + " (df -h " + at + " and df -i " + at + " show what is full), then try again"
	case errors.Is(err, syscall.EROFS):
		at := mountOf(p)
		return "mount the file system at " + at + " read-write (findmnt " + at + " shows it), then try again"
	case errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return "run this as root, and see whether the file is immutable (lsattr) or guarded by a security module"
	case errors.Is(err, syscall.ENOTDIR):
		return "move the file away that stands where a directory is needed"
	case errors.Is(err, syscall.EBUSY):
		return "unmount what is mounted there (findmnt shows it)"
	case errors.Is(err, syscall.EIO):
		return "check the disk (dmesg shows the errors)"
	}
	return ""
}

// irregular says that something other than a regular file is at p.
func irregular(what, p string, mode fs.FileMode) error {
	return fault.New(fault.HostFiles, p, "put a regular file in its place, or remove it",
		"cannot %s: %w", what, ErrIrregular{mode})
}

// ErrIrregular is the cause when something other than a regular file is where one is needed.
type ErrIrregular struct{ mode fs.FileMode }

// Error names what is there.
func (e ErrIrregular) Error() string { return "it is " + kind(e.mode) + ", not a regular file" }

func kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
