// Package command runs the few programs that this extension cannot do without: apt, dpkg, gpasswd,
// journalctl. There is no shell in between, every child has a process group of its own, a deadline
// and a small environment, and what it prints goes to the log line by line while it runs.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
)

// DefaultPath is where programs are looked for if Runner.Path is empty. The agent's own PATH is
// not used: some images start it with one that has no sbin directories, where dpkg needs them.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Limits that hold unless Runner or Command say otherwise.
const (
	DefaultTimeout = 10 * time.Minute // of one child
	DefaultGrace   = 10 * time.Second // between SIGTERM and SIGKILL
)

// Runner starts children. The zero value works and logs nothing.
type Runner struct {
	// Log receives one line at a child's start, one for each line that it prints, and one at its end.
	Log *logrus.Entry
	// Path is the search path for programs, and the PATH of the children; empty means DefaultPath.
	Path string
	// Grace is how long a child may clean up after SIGTERM before it is killed; 0 means DefaultGrace.
	Grace time.Duration
}

// Command is one child to run.
type Command struct {
	Name    string        // program, looked up in the Runner's path unless it has a slash
	Args    []string      // its arguments, without the name; they are logged, so never a secret
	Env     []string      // KEY=value, beside PATH, HOME and LC_ALL; never logged
	Stdin   io.Reader     // nil means an empty input; never logged
	Timeout time.Duration // 0 means DefaultTimeout

	// GiveWay, when it is closed, makes the child get SIGINT, it alone and not its group: what a person
	// does who gives up, and what some programs do not heed while it would do harm. Nil means never.
	GiveWay <-chan struct{}
	Dir     string // working directory; empty means /
}

// String gives name and arguments as a person would type them, for logs and errors.
func (c Command) String() string {
	words := append([]string{c.Name}, c.Args...)
	for i, word := range words {
		if word == "" || strings.ContainsAny(word, " \t\n\"'$\\") {
			words[i] = fmt.Sprintf("%q", word)
		}
	}
	return strings.Join(words, " ")
}

// Result is how a child ended.
type Result struct {
	ExitCode int    // -1 if it was killed by a signal or never started
	Output   string // the last 64 KiB of standard output and standard error, in the order of printing
	Cut      bool   // Output lacks its beginning
}

// ExitError says that a child ran and did not end well.
type ExitError struct {
	Name  string // the program, without arguments
	Code  int    // its exit code, -1 if a signal ended it
	Tail  string // the last 64 KiB that it printed
	Cause error  // context.DeadlineExceeded or context.Canceled if we ended it, else nil
}

// Error gives the program, how it ended, and the last line that it printed.
func (e *ExitError) Error() string {
	how := fmt.Sprintf("ended with exit code %d", e.Code)
	switch {
	case errors.Is(e.Cause, context.DeadlineExceeded):
		how = "did not end in time and was stopped"
	case e.Cause != nil:
		how = "was stopped"
	case e.Code < 0:
		how = "was killed"
	}
	if last := lastLine(e.Tail); last != "" {
		return e.Name + " " + how + ": " + last
	}
	return e.Name + " " + how
}

// Unwrap gives the reason why we ended the child, if we did.
func (e *ExitError) Unwrap() error { return e.Cause }

// Run starts the child and waits for its end. At the timeout, or when ctx ends, its whole process
// group gets SIGTERM and, after the grace time, SIGKILL. A child that ran and failed gives an
// *ExitError along with the Result; one that could not be started gives a plain error.
func (r Runner) Run(ctx context.Context, c Command) (Result, error) {
	program, err := r.find(c.Name)
	if err != nil {
		return Result{ExitCode: -1}, err
	}
	ctx, cancel := context.WithTimeout(ctx, or(c.Timeout, DefaultTimeout))
	defer cancel()

	log := r.log().WithField("command", c.Name)
	log.WithField("args", c.String()).Info("command started")
	begin := time.Now()
	out := &tail{emit: func(line string) { log.Info(line) }}
	code, err := r.wait(ctx, r.child(ctx, program, c, out), c.GiveWay)
	out.flush()
	log.WithField("exit", code).WithField("took", time.Since(begin).Round(time.Millisecond)).Info("command ended")

	result := Result{ExitCode: code, Output: out.String(), Cut: out.cut}
	if err != nil {
		return result, err
	}
	if cause := ctx.Err(); code != 0 {
		return result, &ExitError{Name: c.Name, Code: code, Tail: result.Output, Cause: cause}
	}
	return result, nil
}

// child prepares the process. Its group is its own, so that what it starts can be ended with it.
func (r Runner) child(ctx context.Context, program string, c Command, out io.Writer) *exec.Cmd {
	grace := or(r.Grace, DefaultGrace)
	// #nosec G204 -- to run what the rooms of host/ ask for is what this room is there for; no shell
	// reads the arguments, and test/arch holds that nobody else starts a process.
	cmd := exec.CommandContext(ctx, program, c.Args...)
	cmd.Args[0] = c.Name
	cmd.Env = append([]string{"PATH=" + r.path(), "HOME=/root", "LC_ALL=C.UTF-8"}, c.Env...)
	cmd.Dir = c.Dir
	if cmd.Dir == "" {
		cmd.Dir = "/"
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return signal(cmd, syscall.SIGTERM) }
	// After the child's own end, a daemon that it left behind may still hold its output open: we
	// wait no longer than this for it, nor for a child that ignores SIGTERM.
	cmd.WaitDelay = grace
	return cmd
}

// wait runs the child to its end and gives its exit code. The error tells why it could not start.
func (r Runner) wait(ctx context.Context, cmd *exec.Cmd, giveWay <-chan struct{}) (int, error) {
	if err := cmd.Start(); err != nil {
		return -1, fmt.Errorf("cannot start %s: %w", cmd.Args[0], err)
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-giveWay:
			_ = cmd.Process.Signal(syscall.SIGINT)
		case <-ended:
		}
	}()
	err := cmd.Wait()
	if ctx.Err() != nil {
		// What outlived SIGTERM and the grace time, or the death of its leader.
		_ = signal(cmd, syscall.SIGKILL)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) && ctx.Err() == nil {
		return -1, fmt.Errorf("cannot follow %s: %w", cmd.Args[0], err)
	}
	return cmd.ProcessState.ExitCode(), nil
}

// signal sends a signal to the child's process group. A group that is gone already is no error.
func signal(cmd *exec.Cmd, sig syscall.Signal) error {
	err := syscall.Kill(-cmd.Process.Pid, sig)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// find gives the file of a program. exec.LookPath would search in our own PATH.
func (r Runner) find(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range filepath.SplitList(r.path()) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("cannot start %s: %w in %s", name, exec.ErrNotFound, r.path())
}

func (r Runner) path() string {
	if r.Path == "" {
		return DefaultPath
	}
	return r.Path
}

func (r Runner) log() *logrus.Entry {
	if r.Log != nil {
		return r.Log
	}
	silent := logrus.New()
	silent.SetOutput(io.Discard)
	return logrus.NewEntry(silent)
}

func or(value, fallback time.Duration) time.Duration {
	if value > 0 {
		return value
	}
	return fallback
}
