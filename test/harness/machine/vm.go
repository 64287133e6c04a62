package machine

import (
	"bytes"
	"context"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/vm"
)

// longest is more than any command of the agent may take; the agent's own timeouts end them first.
const longest = 30 * time.Minute

// VM is a disposable machine of the package vm, as the fake agent needs it. It can be rebooted.
type VM struct {
	*vm.VM
}

// Run runs a program inside the machine as root.
func (v VM) Run(ctx context.Context, stdin []byte, argv ...string) (agent.Output, error) {
	result, err := v.VM.Run(ctx, vm.Command{Args: argv, Stdin: bytes.NewReader(stdin), Timeout: longest})
	return agent.Output{
		Stdout: []byte(result.Stdout), Stderr: []byte(result.Stderr), ExitCode: result.ExitCode,
	}, err
}

// HostPath gives path below the machine's root as the host sees it. It is right for what is on the
// machine's disk, and not for /run, /proc and the like.
func (v VM) HostPath(path string) string { return v.Path(path) }

// GuestPath gives path itself.
func (v VM) GuestPath(path string) string { return path }
