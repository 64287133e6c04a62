package vm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

const defaultTimeout = 15 * time.Minute // of one command inside a machine

// Command is one program to run inside a machine.
type Command struct {
	// Args is the program and its arguments; the program is looked up in the machine's PATH.
	Args []string
	// Env is the whole environment; nil for PATH, HOME=/root and LANG=C.UTF-8.
	Env []string
	// Dir is the working directory; empty for the root directory.
	Dir string
	// Stdin is what the program reads; nil for an empty input.
	Stdin io.Reader
	// Stdout and Stderr receive the output as it comes, besides the Result; nil for nobody.
	Stdout, Stderr io.Writer
	// Timeout ends the program's process group; zero for a quarter of an hour.
	Timeout time.Duration
}

// Result is what a command left.
type Result struct {
	// Stdout and Stderr are its whole output.
	Stdout, Stderr string
	// ExitCode is its exit code; 128 and the signal's number when a signal ended it.
	ExitCode int
}

// Run runs a command inside the machine as root. The error says that it could not be run to its
// end: the machine is off, or the time ran out (context.DeadlineExceeded); a non-zero exit code is
// no error. A child that the command leaves behind keeps running; Run does not wait longer than two
// seconds for output that such a child holds open.
func (v *VM) Run(ctx context.Context, c Command) (Result, error) {
	leader, err := v.leader()
	if err != nil {
		return Result{ExitCode: -1}, err
	}
	return runAt(ctx, leader, c)
}

// Sh runs a shell script inside the machine and gives its combined output. A non-zero exit code is
// an error that carries the last lines.
func (v *VM) Sh(ctx context.Context, script string) (string, error) {
	result, err := v.Run(ctx, Command{Args: []string{"/bin/sh", "-c", "exec 2>&1; " + script}})
	output := result.Stdout
	if err != nil {
		return output, fmt.Errorf("cannot run %q: %w: %s", script, err, lastLines(output, 20))
	}
	if result.ExitCode != 0 {
		return output, fmt.Errorf("%q exited with %d: %s", script, result.ExitCode, lastLines(output, 20))
	}
	return output, nil
}

// leader gives the machine's PID 1 as the host sees it.
func (v *VM) leader() (int, error) {
	v.mu.Lock()
	nspawn := v.rec.Nspawn
	v.mu.Unlock()
	if nspawn.alive() {
		if leader := leaderOf(nspawn.PID); leader != 0 {
			return leader, nil
		}
	}
	return 0, fmt.Errorf("cannot reach %s: %w", v.Name(), ErrOff)
}

// runAt runs a command in the namespaces and cgroups of a machine's PID 1. nsenter forks into the
// process id namespace; its child stays in its process group, so that a timeout kills both.
func runAt(ctx context.Context, leader int, c Command) (Result, error) {
	if len(c.Args) == 0 {
		return Result{ExitCode: -1}, errors.New("there is no command to run")
	}
	ctx, cancel := context.WithTimeout(ctx, timeoutOf(c))
	defer cancel()
	cgroups, err := cgroupsOf(leader)
	if err != nil {
		return Result{ExitCode: -1}, err
	}
	var stdout, stderr bytes.Buffer
	cmd := groupCommand(ctx, "nsenter", nsenterArgs(leader, c)...)
	cmd.Env = environment(c)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, tee(&stdout, c.Stdout), tee(&stderr, c.Stderr)
	if err := startIn(cmd, cgroups); err != nil {
		return Result{ExitCode: -1}, fmt.Errorf("cannot start nsenter: %w", err)
	}
	err = cmd.Wait()
	result := Result{Stdout: stdout.String(), Stderr: stderr.String(), ExitCode: exitCode(cmd)}
	if ctx.Err() != nil {
		return result, fmt.Errorf("cannot finish %q in time: %w", c.Args, ctx.Err())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return result, fmt.Errorf("cannot run %q: %w", c.Args, err)
	}
	return result, nil
}

// nsenterArgs gives the arguments that enter a machine and run a command there. The environment is
// not among them: it may hold secrets, and arguments can be read by all.
func nsenterArgs(leader int, c Command) []string {
	args := []string{"--target", strconv.Itoa(leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--"}
	if c.Dir != "" {
		args = append(args, "env", "--chdir="+c.Dir, "--")
	}
	return append(args, c.Args...)
}

// environment gives the command's environment.
func environment(c Command) []string {
	if c.Env != nil {
		return c.Env
	}
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8",
	}
}

// timeoutOf gives the command's timeout, or the default.
func timeoutOf(c Command) time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return defaultTimeout
}

// tee writes to the buffer and to the other writer, if there is one.
func tee(buffer *bytes.Buffer, other io.Writer) io.Writer {
	if other == nil {
		return buffer
	}
	return io.MultiWriter(buffer, other)
}

// exitCode gives the exit code as a shell would say it.
func exitCode(cmd *exec.Cmd) int {
	if cmd.ProcessState == nil {
		return -1
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return cmd.ProcessState.ExitCode()
}

// Attach runs a command inside the machine on this process's own input, output and terminal, until
// it ends or ctx does, and gives its exit code. It is for people: a command of a test is for Run.
func (v *VM) Attach(ctx context.Context, args []string) (int, error) {
	leader, err := v.leader()
	if err != nil {
		return 1, err
	}
	cgroups, err := cgroupsOf(leader)
	if err != nil {
		return 1, err
	}
	c := Command{Args: args}
	cmd := exec.CommandContext(ctx, "nsenter", nsenterArgs(leader, c)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{} // no process group of its own: it must own the terminal
	cmd.Env = append(environment(c), "TERM="+os.Getenv("TERM"))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := startIn(cmd, cgroups); err != nil {
		return 1, err
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 1, err
	}
	return exitCode(cmd), nil
}
