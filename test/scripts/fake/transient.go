package fake

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"github.com/godbus/dbus/v5"
)

// attempts is how often a unit with Restart=on-failure is started; systemd's own limit is five
// starts in ten seconds (StartLimitBurst= in systemd.unit(5)).
const attempts = 5

// transient is a unit that the extension has started with its own program.
type transient struct {
	host    *Host
	unit    string
	argv    []string
	ended   chan struct{} // closed when it will not be started again
	restart bool          // on failure
	starts  int
	cmd     *exec.Cmd
	dead    chan struct{} // closed when cmd has ended
}

// property is one of a transient unit's, as StartTransientUnit takes it.
type property struct {
	Name  string
	Value dbus.Variant
}

// command is ExecStart=: program, arguments, and whether a failure is to be passed over.
type command struct {
	Path   string
	Argv   []string
	Ignore bool
}

// startTransient starts a unit and gives the job's result.
func (h *Host) startTransient(unit string, body []any) (string, error) {
	if h.work != nil && !isClosed(h.work.ended) {
		return "", refused(unitExists, "Unit "+unit+" was already loaded or has a fragment file.")
	}
	var properties []property
	if len(body) < 3 || dbus.Store(body[2:3], &properties) != nil {
		return "", errors.New("these are no properties")
	}
	t := &transient{host: h, unit: unit, ended: make(chan struct{})}
	for _, p := range properties {
		switch p.Name {
		case "ExecStart":
			var commands []command
			if err := dbus.Store([]any{p.Value.Value()}, &commands); err != nil {
				return "", err
			}
			t.argv = commands[0].Argv
		case "Restart":
			t.restart = p.Value.Value() == "on-failure"
		}
	}
	h.work = t
	// The link shows to those who do not ask systemd that the unit is active.
	if err := errors.Join(os.Symlink("0123456789abcdef0123456789abcdef", h.invocation(unit)), t.start()); err != nil {
		t.end()
		return failed, nil
	}
	return done, nil
}

// start starts the program, in a process group of its own and with a service's small environment.
func (t *transient) start() error {
	t.starts++
	t.cmd = exec.Command(t.argv[0], t.argv[1:]...)
	t.cmd.Dir = "/"
	t.cmd.Env = slices.Concat([]string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, t.host.Environ)
	t.cmd.Stdout, t.cmd.Stderr = &t.host.journal, &t.host.journal
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := t.cmd.Start(); err != nil {
		return err
	}
	t.dead = make(chan struct{})
	go t.follow(t.cmd, t.dead)
	return nil
}

// follow waits for the program's end and does what Restart= says.
func (t *transient) follow(cmd *exec.Cmd, dead chan struct{}) {
	err := cmd.Wait()
	close(dead)
	t.host.mu.Lock()
	defer t.host.mu.Unlock()
	if err == nil || !t.restart || t.starts >= attempts || t.start() != nil {
		t.end()
	}
}

func (t *transient) end() {
	_ = os.Remove(t.host.invocation(t.unit))
	close(t.ended)
}

// crash kills the program with all that it has started, and waits until it is dead.
func (t *transient) crash() { t.signal(-1, syscall.SIGKILL) }

// stop asks the program to end, for good, and waits for that.
func (t *transient) stop() {
	t.forget()
	t.signal(1, syscall.SIGTERM)
	<-t.ended
}

// kill ends the unit for good.
func (t *transient) kill() {
	t.forget()
	t.signal(-1, syscall.SIGKILL)
	<-t.ended
}

func (t *transient) forget() {
	t.host.mu.Lock()
	defer t.host.mu.Unlock()
	t.restart = false
}

// signal sends a signal to the program (1) or its group (-1) and waits until the program is dead.
func (t *transient) signal(whom int, sig syscall.Signal) {
	t.host.mu.Lock()
	pid, dead := t.cmd.Process.Pid, t.dead
	t.host.mu.Unlock()
	if dead == nil || isClosed(dead) {
		return
	}
	_ = syscall.Kill(whom*pid, sig)
	<-dead
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
