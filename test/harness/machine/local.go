// Package machine is where the fake agent can play: this host below a root folder, or a disposable
// VM.
package machine

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"

	"docker-extension/test/harness/agent"
)

// Local is this host, with all of the machine's files below one folder. Programs run on the host
// itself and see the folder's full name.
type Local struct {
	root string
}

// NewLocal gives the machine whose files are below root.
func NewLocal(root string) (*Local, error) {
	absolute, err := filepath.Abs(root)
	return &Local{root: absolute}, err
}

// Run runs a program on the host.
func (l *Local) Run(ctx context.Context, stdin []byte, argv ...string) (agent.Output, error) {
	var stdout, stderr bytes.Buffer
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return agent.Output{Stdout: stdout.Bytes(), Stderr: stderr.Bytes(), ExitCode: command.ProcessState.ExitCode()}, err
}

// HostPath gives path below the root folder.
func (l *Local) HostPath(path string) string { return filepath.Join(l.root, path) }

// GuestPath gives path below the root folder: programs see the host's files.
func (l *Local) GuestPath(path string) string { return filepath.Join(l.root, path) }
