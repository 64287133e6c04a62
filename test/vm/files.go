package vm

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Path gives the host's path of a file on the machine's disk, for tools of the host. A tmpfs of the
// running machine (/run) is not seen there, and a symbolic link in it leads astray: ReadFile and
// WriteFile know better.
func (v *VM) Path(path string) string { return filepath.Join(v.rec.merged(), path) }

// ReadFile reads a file as the machine sees it, whether it is on or off.
func (v *VM) ReadFile(path string) ([]byte, error) {
	file, err := v.open(path, unix.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// WriteFile writes a file as the machine sees it, whether it is on or off, with exactly this mode;
// missing folders are made with mode 0755. The owner of a new file is root.
func (v *VM) WriteFile(path string, mode os.FileMode, data []byte) error {
	if err := v.makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	file, err := v.open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	// Chmod, because an old file keeps its mode and a new one obeys the umask.
	return errors.Join(err, file.Chmod(mode), file.Close())
}

// makeFolder makes a folder inside the machine, and those above it.
func (v *VM) makeFolder(path string) error {
	path = filepath.Clean(path)
	err := v.at(path, func(string) error { return nil })
	if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := v.makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return v.at(filepath.Dir(path), func(parent string) error {
		err := os.Mkdir(filepath.Join(parent, filepath.Base(path)), 0o755)
		if errors.Is(err, os.ErrExist) {
			return nil
		}
		return err
	})
}

// at calls use with a path of the host that is the machine's path, all symbolic links resolved
// inside the machine. The path holds while use runs.
func (v *VM) at(path string, use func(hostPath string) error) error {
	handle, err := v.open(path, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	defer handle.Close()
	return use(fmt.Sprintf("/proc/self/fd/%d", handle.Fd()))
}

// open opens a file with flags of open(2). Every symbolic link is resolved inside the machine: an
// absolute one would lead to the host's own files otherwise.
func (v *VM) open(path string, flags int, mode os.FileMode) (*os.File, error) {
	root, err := os.Open(v.visibleRoot())
	if err != nil {
		return nil, err
	}
	defer root.Close()
	how := &unix.OpenHow{Flags: uint64(flags | unix.O_CLOEXEC), Mode: uint64(mode.Perm()), Resolve: unix.RESOLVE_IN_ROOT}
	handle, err := unix.Openat2(int(root.Fd()), path, how)
	if err != nil {
		return nil, fmt.Errorf("cannot open %s in %s: %w", path, v.Name(), err)
	}
	return os.NewFile(uintptr(handle), path), nil
}

// visibleRoot gives the root with the running machine's own mounts, or the disk when it is off.
func (v *VM) visibleRoot() string {
	if leader, err := v.leader(); err == nil {
		return fmt.Sprintf("/proc/%d/root", leader)
	}
	return v.rec.merged()
}
