package files

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openNameless makes a file without a name in a directory and gives it its blocks on the disk.
func openNameless(dir string, size int64) (*os.File, error) {
	file, err := os.OpenFile(dir, os.O_WRONLY|unix.O_TMPFILE, 0o600) // #nosec G304 -- as in Write
	if err != nil {
		return nil, err
	}
	if err := unix.Fallocate(int(file.Fd()), 0, 0, size); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// name gives a file without a name one; what has that name already is a leftover and goes. The way that needs
// no capability is the one through /proc (linkat(2)).
func name(file *os.File, path string) error {
	_ = os.Remove(path)
	return unix.Linkat(unix.AT_FDCWD, fmt.Sprintf("/proc/self/fd/%d", file.Fd()), unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
}
