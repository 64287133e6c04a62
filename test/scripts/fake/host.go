// Package fake plays what the extension meets on a VM, all of it below one folder: systemd on its
// private socket, the engine behind its own, and the few programs that the extension runs. What is
// asked of them is recorded; what they do can be seen in the same files as on a VM.
//
// They are fakes by their insides only. The extension talks to them as it talks to the real ones: in
// D-Bus, in HTTP over a unix socket, in TLS on a port, and by starting a program.
package fake

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Host is a VM below Root.
type Host struct {
	Root    string   // an absolute path without links, at most 80 bytes: a unix socket's has 108
	Environ []string // KEY=value, what systemd gives to a transient unit beside PATH

	Record Record

	mu       sync.Mutex
	bus      *bus
	gate     *gate
	engine   engine
	units    units
	work     *transient
	failures map[string]Failure
	holds    map[string]*hold
	trap     Trap
	journal  journal
}

// Failure is how a program ends that is to fail: with these words and this exit code.
type Failure struct {
	Output string
	Exit   int
}

// Trap kills the transient unit's process when systemd is asked for a job, before the job is done.
type Trap struct {
	Call  string // "RestartUnit docker.service"
	Stays bool   // the unit is not started again, whatever its Restart= says
}

// Start lays what a VM without Docker has below Root and opens its doors.
func Start(root string, environ []string) (*Host, error) {
	h := &Host{Root: root, Environ: environ, failures: map[string]Failure{}, holds: map[string]*hold{}}
	h.engine.host, h.units.host = h, h
	if err := h.lay(); err != nil {
		return nil, err
	}
	var err error
	if h.bus, err = h.openBus(); err != nil {
		return nil, err
	}
	if h.gate, err = h.openGate(); err != nil {
		h.bus.close()
		return nil, err
	}
	return h, nil
}

// lay makes the folders that are there before anything happens, and the programs.
func (h *Host) lay() error {
	for _, dir := range []string{
		"run/systemd/system", "run/systemd/units", "etc/systemd/system", "proc/1/fd", "usr/bin", "usr/lib/systemd/system",
		"var/lib/dpkg/updates",
	} {
		if err := os.MkdirAll(h.path(dir), 0o755); err != nil {
			return err
		}
	}
	executable, err := os.Executable()
	if err != nil {
		return err
	}
	for _, name := range programs() {
		if err := os.Symlink(executable, h.path("usr/bin", name)); err != nil {
			return err
		}
	}
	return nil
}

// Stop ends everything that Start, or the extension, has started.
func (h *Host) Stop() {
	h.mu.Lock()
	work := h.work
	h.trap = Trap{}
	h.mu.Unlock()
	h.Heal()
	if work != nil {
		work.kill()
	}
	h.bus.close()
	h.gate.close()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.units.stop(socket)
}

// Fail makes a program fail from now on when its arguments have the given word: "apt-get", "update".
func (h *Host) Fail(program, word string, failure Failure) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures[program+" "+word] = failure
}

// Hold makes a program wait from now on, before it does anything, when its arguments have the word.
func (h *Host) Hold(program, word string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.holds[program+" "+word] = &hold{came: make(chan struct{}), let: make(chan struct{})}
}

// hold is a program that waits.
type hold struct {
	came chan struct{} // closed when the program is there
	once sync.Once
	let  chan struct{} // closed when it may go on
}

// Held waits until the program of a Hold is there, and gives an error if ctx ends first.
func (h *Host) Held(ctx context.Context, program, word string) error {
	h.mu.Lock()
	held := h.holds[program+" "+word]
	h.mu.Unlock()
	if held == nil {
		return errors.New("nobody holds " + program + " " + word)
	}
	select {
	case <-held.came:
		return nil
	case <-ctx.Done():
		return errors.New("nobody has called " + program + " " + word)
	}
}

// Heal takes all failures back and lets those go that wait.
func (h *Host) Heal() {
	h.mu.Lock()
	defer h.mu.Unlock()
	clear(h.failures)
	for _, held := range h.holds {
		close(held.let)
	}
	clear(h.holds)
}

// Set sets the trap, for one time.
func (h *Host) Set(trap Trap) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trap = trap
}

// Settled waits until no transient unit runs, and gives an error if ctx ends first.
func (h *Host) Settled(ctx context.Context) error {
	h.mu.Lock()
	work := h.work
	h.mu.Unlock()
	if work == nil {
		return nil
	}
	select {
	case <-work.ended:
		return nil
	case <-ctx.Done():
		return errors.New("the transient unit does not end")
	}
}

// Journal gives what the transient units wrote since it was last asked for.
func (h *Host) Journal() string {
	h.journal.mu.Lock()
	defer h.journal.mu.Unlock()
	text := h.journal.text.String()
	h.journal.text.Reset()
	return text
}

// journal keeps what is written to it.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write never fails.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// path gives a path below the root.
func (h *Host) path(elements ...string) string {
	return filepath.Join(append([]string{h.Root}, elements...)...)
}
