package vm

import (
	"errors"
	"fmt"
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
	var content []byte
	err := v.at(path, func(hostPath string) (err error) {
		content, err = os.ReadFile(hostPath)
		return err
	})
	return content, err
}

// WriteFile writes a file as the machine sees it, whether it is on or off, with exactly this mode;
// missing folders are made with mode 0755. The owner is root.
func (v *VM) WriteFile(path string, mode os.FileMode, data []byte) error {
	if err := v.makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	return v.at(filepath.Dir(path), func(folder string) error {
		target := filepath.Join(folder, filepath.Base(path))
		if err := os.WriteFile(target, data, mode); err != nil {
			return err
		}
		return os.Chmod(target, mode) // WriteFile leaves the mode of an old file, and obeys the umask
	})
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
	root, err := os.Open(v.visibleRoot())
	if err != nil {
		return err
	}
	defer root.Close()
	handle, err := unix.Openat2(int(root.Fd()), path, &unix.OpenHow{
		Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT,
	})
	if err != nil {
		return fmt.Errorf("cannot open %s in %s: %w", path, v.Name(), err)
	}
	defer unix.Close(handle)
	return use(fmt.Sprintf("/proc/self/fd/%d", handle))
}

// visibleRoot gives the root with the running machine's own mounts, or the disk when it is off.
func (v *VM) visibleRoot() string {
	if leader, err := v.leader(); err == nil {
		return fmt.Sprintf("/proc/%d/root", leader)
	}
	return v.rec.merged()
}
