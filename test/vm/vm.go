package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	bootTimeout  = 5 * time.Minute    // two seconds are usual; a loaded host takes longer
	haltTimeout  = 5 * time.Minute    // longer than systemd's own 90 s for a stubborn unit
	closeTimeout = 5 * time.Minute    // for killing, unmounting and removing
	endTimeout   = time.Minute        // for systemd-nspawn to tidy up behind a PID 1 that was killed
	cleanHalt    = syscall.Signal(38) // SIGRTMIN+4 of glibc: systemd(1) "powers off the machine"
)

// ErrOff says that a machine is not running.
var ErrOff = errors.New("the machine is off")

// Options says which machine to boot.
type Options struct {
	// Suite is one of Suites.
	Suite string
	// Name is the host name; empty for one like "trixie-3".
	Name string
	// Log receives lines of progress; nil for none.
	Log io.Writer
	// Keep says that the machine is meant to run on when this process ends; Clean removes it then.
	Keep bool
	// Image gives the machine a disk of its own, which can lose its power and be put back: PowerCut, Save
	// and Restore need it.
	Image bool
}

// VM is one machine. Its methods may be used by several goroutines.
type VM struct {
	mu  sync.Mutex // guards rec
	rec *record
	log io.Writer
}

// Boot prepares the suite if need be, and boots a new machine; it is ready when systemd says so.
// On an error nothing is left behind.
func Boot(ctx context.Context, o Options) (*VM, error) {
	root, err := Prepare(ctx, o.Suite, o.Log)
	if err != nil {
		return nil, err
	}
	rec, err := reserve(ctx, o, root)
	if err != nil {
		return nil, err
	}
	machine := &VM{rec: rec, log: o.Log}
	if err := machine.setUp(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot boot %s: %w", rec.Name, err), machine.Close())
	}
	return machine, nil
}

// Open gives a machine that this or another process has booted.
func Open(name string) (*VM, error) {
	rec, err := loadRecord(name)
	if err != nil {
		return nil, err
	}
	return &VM{rec: rec}, nil
}

// setUp makes disk and network and switches the machine on.
func (v *VM) setUp(ctx context.Context) error {
	if err := v.rec.diskUp(ctx); err != nil {
		return err
	}
	if err := v.rec.networkUp(ctx); err != nil {
		return err
	}
	return v.PowerOn(ctx)
}

// PowerOn boots the machine's disk and waits until systemd has started everything. It does nothing
// to a machine that runs.
func (v *VM) PowerOn(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.rec.Nspawn.alive() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	start := time.Now()
	if err := v.rec.cgroupsDown(ctx); err != nil { // what the last boot left
		return err
	}
	if err := v.rec.cgroupsUp(); err != nil {
		return err
	}
	if err := v.rec.networkReset(ctx); err != nil {
		return err
	}
	if err := v.spawn(); err != nil {
		return err
	}
	state, err := v.waitReady(ctx)
	if err != nil {
		return fmt.Errorf("cannot reach a running system: %w; the console's last lines are:\n%s", err, tail(v.rec.console(), 15))
	}
	v.rec.Boots++
	report(v.log, "%s is %s at %s (%.1f s)", v.rec.Name, state, v.rec.address(), time.Since(start).Seconds())
	return v.rec.save()
}

// spawn starts systemd-nspawn, its output going to the console log, and records it at once.
func (v *VM) spawn() error {
	console, err := os.OpenFile(v.rec.console(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer console.Close()
	cmd := exec.Command("systemd-nspawn", v.rec.nspawnArgs()...)
	cmd.Env = append(os.Environ(), "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes", "SYSTEMD_NSPAWN_TMPFS_TMP=0")
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives a kept machine's starter
	if err := startIn(cmd, v.rec.Cgroups); err != nil {
		return fmt.Errorf("cannot start systemd-nspawn: %w", err)
	}
	if v.rec.Nspawn, err = processOf(cmd.Process.Pid); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // reap it; whether it lives is asked of the kernel
	return v.rec.save()
}

// nspawnArgs gives the command line; the package comment says why each odd word is there.
func (r *record) nspawnArgs() []string {
	args := []string{
		"--directory=" + r.merged(), "--boot", "--register=no", "--keep-unit", "--machine=" + r.Name,
		resolverFlag(), "--capability=all", "--system-call-filter=add_key keyctl bpf perf_event_open",
		"--network-namespace-path=/run/netns/" + r.namespace(),
	}
	if !cgroupV2() {
		args = append(args, "--", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1", "systemd.unified_cgroup_hierarchy=0")
	}
	return args
}

// waitReady polls until systemd says that it has started all ("running"), or all but failed units
// ("degraded").
func (v *VM) waitReady(ctx context.Context) (string, error) {
	state := "off"
	for {
		if !v.rec.Nspawn.alive() {
			return "", errors.New("systemd-nspawn ended")
		}
		if leader := leaderOf(v.rec.Nspawn.PID); leader != 0 {
			result, _ := runAt(ctx, leader, Command{Args: []string{"systemctl", "is-system-running"}, Timeout: lookTimeout})
			state = strings.TrimSpace(result.Stdout)
		}
		if state == "running" || state == "degraded" {
			return state, nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("systemd is %q: %w", state, ctx.Err())
		case <-time.After(2 * pollEvery):
		}
	}
}

// Halt shuts the machine down cleanly and waits until it is off.
func (v *VM) Halt(ctx context.Context) error { return v.stop(ctx, cleanHalt) }

// HardStop kills every process of the machine at once. What was written and not synced is still
// in the host's page cache: this is a crash of all programs, not a power cut of the disk.
func (v *VM) HardStop(ctx context.Context) error { return v.stop(ctx, syscall.SIGKILL) }

// stop sends a signal to PID 1 and waits until systemd-nspawn has gone.
func (v *VM) stop(ctx context.Context, signal syscall.Signal) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if leader := leaderOf(v.rec.Nspawn.PID); v.rec.Nspawn.alive() && leader != 0 {
		if err := sendSignal(leader, signal); err != nil {
			return fmt.Errorf("cannot signal the machine's PID 1: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, haltTimeout)
	defer cancel()
	if err := waitFor(ctx, func() bool { return !v.rec.Nspawn.alive() }); err != nil {
		return fmt.Errorf("cannot stop %s: %w", v.rec.Name, err)
	}
	v.rec.Nspawn = process{}
	return v.rec.save()
}

// Reboot halts the machine cleanly and boots the same disk again.
func (v *VM) Reboot(ctx context.Context) error {
	if err := v.Halt(ctx); err != nil {
		return err
	}
	return v.PowerOn(ctx)
}

// Close removes the machine and all that it took from the host. It has its own deadline, so that it
// works after the caller's context has ended, and may be called twice.
func (v *VM) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.rec.remove()
}

// remove undoes what a record names, the last thing first; what fails does not keep the rest from
// being tried, and the record stays until all is gone.
func (r *record) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := r.killAll(ctx); err != nil {
		return err
	}
	err := errors.Join(r.cgroupsDown(ctx), r.networkDown(ctx), r.diskDown())
	if err != nil {
		return fmt.Errorf("cannot remove %s: %w", r.Name, err)
	}
	if err := os.Remove(r.path()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// killAll kills the machine's PID 1, with which every process in it dies, then systemd-nspawn,
// then what is left in the machine's cgroups. A systemd-nspawn that has the time takes along what it
// has made on the host.
func (r *record) killAll(ctx context.Context) error {
	if r.Nspawn.alive() {
		if leader := leaderOf(r.Nspawn.PID); leader != 0 {
			_ = sendSignal(leader, syscall.SIGKILL)
		}
		grace, cancel := context.WithTimeout(ctx, endTimeout)
		defer cancel()
		if waitFor(grace, func() bool { return !r.Nspawn.alive() }) != nil {
			_ = r.Nspawn.kill(syscall.SIGKILL)
		}
	}
	r.killCgroups()
	return waitFor(ctx, func() bool { return !r.Nspawn.alive() })
}
