package trace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

const (
	deepestCalls  = 2 // generation of programs whose system calls are looked at; 0 is the process itself
	deepestStarts = 3 // generation of programs whose start is reported
)

// Follow takes over a process that has stopped itself, lets it go on, and calls at before each effect of
// its own and of the programs that it starts; the process in question stands still meanwhile. What the
// process does before it executes its next program is passed over: that is the shell which stopped. Follow
// returns when the process and what it started have ended, and kills all of them when ctx ends.
func Follow(ctx context.Context, pid int, at func(Effect)) error {
	// The kernel knows a tracer by its thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := seize(pid); err != nil {
		return fmt.Errorf("cannot follow process %d: %w", pid, err)
	}
	f := &follower{root: pid, at: at, tasks: map[int]*task{pid: {group: pid}}}
	stop := context.AfterFunc(ctx, f.killAll)
	defer stop()
	if err := unix.Kill(pid, unix.SIGCONT); err != nil {
		return err
	}
	if err := f.loop(ctx); err != nil {
		return err
	}
	return ctx.Err()
}

// task is one thread that is followed.
type task struct {
	group      int // the process that it belongs to
	generation int
}

type follower struct {
	root  int
	begun bool // the process has executed the program that we are here for
	at    func(Effect)

	mu    sync.Mutex // guards tasks
	tasks map[int]*task
}

func (f *follower) killAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for pid := range f.tasks {
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

// loop waits for whatever happens to our threads until none is left. The flags leave alone what else this
// process waits for: children of its other threads, and those of this one that it started itself. A
// traced one counts always (eligible_child in the kernel's kernel/exit.c).
func (f *follower) loop(ctx context.Context) error {
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, unix.WCLONE|unix.WNOTHREAD, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ECHILD):
			return nil
		case err != nil:
			return err
		}
		if !status.Stopped() {
			f.know(pid, nil)
			continue
		}
		if ctx.Err() != nil {
			_ = unix.Kill(pid, unix.SIGKILL)
		}
		if err := f.stopped(pid, status); err != nil && !errors.Is(err, unix.ESRCH) { // killed in between
			return err
		}
	}
}

// know adds a thread, or forgets it.
func (f *follower) know(pid int, t *task) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t == nil {
		delete(f.tasks, pid)
		return
	}
	f.tasks[pid] = t
}

// stopped handles one stop of one thread and lets it go on.
func (f *follower) stopped(pid int, status unix.WaitStatus) error {
	t := f.tasks[pid]
	if t == nil {
		if t = f.newborn(pid); t == nil {
			return resume(pid, unix.PTRACE_DETACH, 0)
		}
		f.know(pid, t)
	}
	signal, event := status.StopSignal(), int(status)>>16
	if event == unix.PTRACE_EVENT_STOP && signal != unix.SIGTRAP {
		return ptrace(unix.PTRACE_LISTEN, pid, 0, 0) // stopped by a signal, until another one
	}
	if signal == unix.SIGTRAP|0x80 || event != 0 {
		f.look(pid, t, event)
		signal = 0 // it was ours
	}
	if t.generation <= deepestCalls {
		return resume(pid, unix.PTRACE_SYSCALL, signal)
	}
	return resume(pid, unix.PTRACE_CONT, signal)
}

// look finds out what a thread is about to do, or has just executed.
func (f *follower) look(pid int, t *task, event int) {
	switch event {
	case 0:
		if c, ok := entering(pid); ok && f.begun {
			f.report(t, effectOf(pid, c))
		}
	case unix.PTRACE_EVENT_EXEC:
		f.begun = f.begun || pid == f.root
		if t.generation > 0 {
			f.report(t, started(pid))
		}
	}
}

func (f *follower) report(t *task, e Effect) {
	if e.What == "" || t.generation > 0 && passing(e.Path) {
		return
	}
	e.Process, e.Generation = t.group, t.generation
	f.at(e)
}

// newborn finds out whose thread or child a thread is; nil if it is too far away.
func (f *follower) newborn(pid int) *task {
	group, parent := relatives(pid)
	if t := f.tasks[group]; t != nil {
		return &task{group: group, generation: t.generation}
	}
	for _, t := range f.tasks {
		if t.group == parent && t.generation < deepestStarts {
			return &task{group: group, generation: t.generation + 1}
		}
	}
	return nil
}

// relatives gives the process that a thread belongs to, and that one's parent.
func relatives(pid int) (group, parent int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		switch name {
		case "Tgid":
			group, _ = strconv.Atoi(strings.TrimSpace(value))
		case "PPid":
			parent, _ = strconv.Atoi(strings.TrimSpace(value))
		}
	}
	return group, parent
}
