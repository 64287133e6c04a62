package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Machine is what the agent needs of a host: to run a program there and to reach its files.
type Machine interface {
	// Run starts argv on the machine, feeds it stdin and waits for its end. A program that ends
	// with a non-zero code is no error; one that cannot be started is.
	Run(ctx context.Context, stdin []byte, argv ...string) (Output, error)
	// HostPath gives the path under which this process finds the machine's file path.
	HostPath(path string) string
	// GuestPath gives the name that a program on the machine has for the machine's file path.
	GuestPath(path string) string
}

// Output is what a program left behind.
type Output struct {
	Stdout, Stderr []byte
	ExitCode       int
}

// files reaches the files of a Machine with exact modes, whatever the umask of this process is.
type files struct{ Machine }

// write replaces the file at path, not atomically, as the agent does
// (azurelinuxagent/common/utils/fileutil.py, write_file). An existing file keeps its mode.
func (f files) write(path string, mode os.FileMode, content []byte) error {
	host := f.HostPath(path)
	_, err := os.Lstat(host)
	fresh := errors.Is(err, os.ErrNotExist)
	if err := os.WriteFile(host, content, mode); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if !fresh {
		return nil
	}
	return os.Chmod(host, mode)
}

// mkdir makes the folder path and its parents; a new folder gets exactly mode, new parents 0755.
func (f files) mkdir(path string, mode os.FileMode) error {
	host := f.HostPath(path)
	if info, err := os.Stat(host); err == nil && info.IsDir() {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(host), 0o755); err != nil {
		return fmt.Errorf("cannot make the folder of %s: %w", path, err)
	}
	if err := os.Mkdir(host, mode); err != nil {
		return fmt.Errorf("cannot make %s: %w", path, err)
	}
	return os.Chmod(host, mode)
}

// read gives the content of the file at path.
func (f files) read(path string) ([]byte, error) { return os.ReadFile(f.HostPath(path)) }

// remove deletes the tree at path; one that is not there is fine.
func (f files) remove(path string) error { return os.RemoveAll(f.HostPath(path)) }

// exists says whether there is anything at path.
func (f files) exists(path string) bool {
	_, err := os.Lstat(f.HostPath(path))
	return err == nil
}
