package vm

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	hostTimeout = 5 * time.Minute       // for one host command: ip, iptables, the copy of a disk on a busy host
	lookTimeout = 30 * time.Second      // for one question to a machine that may not answer
	pollEvery   = 50 * time.Millisecond // between two looks at a process or a cgroup
	killGrace   = 2 * time.Second       // for output that a dead child's children hold open
)

// hostCommand runs one command on the host in its own process group and gives its output.
// The error carries the last lines of the output.
func hostCommand(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, hostTimeout)
	defer cancel()
	cmd := groupCommand(ctx, name, args...)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return string(output), fmt.Errorf("cannot run %s %s: %w: %s",
			name, strings.Join(args, " "), err, lastLines(string(output), 5))
	}
	return string(output), nil
}

// groupCommand makes a command whose whole process group is killed when ctx ends.
func groupCommand(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = killGrace
	return cmd
}

// waitFor polls until condition holds; the error is that of ctx.
func waitFor(ctx context.Context, condition func() bool) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
	return nil
}

// lastLines gives the last n lines of text without trailing blanks.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\r\n "), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// tail gives the last n lines of a file; empty when it cannot be read.
func tail(path string, n int) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return lastLines(string(content), n)
}
