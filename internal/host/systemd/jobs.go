package systemd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"

	"docker-extension/internal/fault"
)

// replace is the mode of all our jobs: a queued job that stands in the way is dropped (systemctl's
// default, --job-mode in systemctl(1)).
const replace = "replace"

// enqueue asks systemd for a job; its result word comes through the channel.
type enqueue func(ctx context.Context, bus *dbus.Conn, unit string, result chan<- string) (int, error)

// Start starts units and waits until all are up. One that is up already is left alone.
func (m *Manager) Start(ctx context.Context, units ...string) error {
	return m.jobs(ctx, "start", units, func(ctx context.Context, bus *dbus.Conn, unit string, result chan<- string) (int, error) {
		return bus.StartUnitContext(ctx, unit, replace, result)
	})
}

// Stop stops units, all at once, and waits until all are down. That a unit does not exist is no
// error: it does not run. Name a socket along with its service, or it starts the service again.
func (m *Manager) Stop(ctx context.Context, units ...string) error {
	return m.jobs(ctx, "stop", units, func(ctx context.Context, bus *dbus.Conn, unit string, result chan<- string) (int, error) {
		id, err := bus.StopUnitContext(ctx, unit, replace, result)
		if named(err, "org.freedesktop.systemd1.NoSuchUnit") {
			result <- done
			return 0, nil
		}
		return id, err
	})
}

// Restart restarts units, or starts those that are down, and waits until all are up.
func (m *Manager) Restart(ctx context.Context, units ...string) error {
	return m.jobs(ctx, "restart", units, func(ctx context.Context, bus *dbus.Conn, unit string, result chan<- string) (int, error) {
		return bus.RestartUnitContext(ctx, unit, replace, result)
	})
}

// ReloadUnit makes running units read their configuration again and waits until their reload
// commands are through. For docker.service that command is "kill -HUP", which returns before the
// engine has done anything: ask the engine itself whether it has (docker.AwaitReload).
func (m *Manager) ReloadUnit(ctx context.Context, units ...string) error {
	return m.jobs(ctx, "reload", units, func(ctx context.Context, bus *dbus.Conn, unit string, result chan<- string) (int, error) {
		return bus.ReloadUnitContext(ctx, unit, replace, result)
	})
}

// done is the result word of a job that did what it should (org.freedesktop.systemd1(5), JobRemoved).
const done = "done"

// jobs queues one job for each unit before it waits for the first, so that units that belong
// together change together.
func (m *Manager) jobs(ctx context.Context, verb string, units []string, add enqueue) error {
	ctx, cancel := context.WithTimeout(ctx, m.jobTimeout())
	defer cancel()
	bus, lost, err := m.connection(ctx)
	if err != nil {
		return err
	}
	results := make([]chan string, len(units))
	for i, unit := range units {
		results[i] = make(chan string, 1)
		if _, err := add(ctx, bus, unit, results[i]); err != nil {
			return fault.New(fault.EngineStart, unit, hint(err), "cannot %s: %w", verb, err)
		}
	}
	var errs []error
	for i, unit := range units {
		if err := await(ctx, results[i], lost); err != nil {
			errs = append(errs, m.blame(ctx, verb, unit, err))
		}
	}
	return first(errs)
}

// errJob is a job's result other than done.
type errJob string

// Error gives the result in systemd's word for it.
func (e errJob) Error() string { return "the job's result is \"" + string(e) + "\"" }

func await(ctx context.Context, result <-chan string, lost <-chan struct{}) error {
	select {
	case word := <-result:
		if word != done {
			return errJob(word)
		}
		return nil
	case <-lost:
		return errors.New("systemd closed the connection")
	case <-ctx.Done():
		return fmt.Errorf("the job is not finished: %w", ctx.Err())
	}
}

// blame makes the fault of a job, with the last lines that the unit left in the journal.
func (m *Manager) blame(ctx context.Context, verb, unit string, err error) error {
	text := ""
	if lines := m.LastWords(ctx, unit); lines != "" {
		text = "; its last lines: " + lines
	}
	cure := hint(err)
	if strings.Contains(text, "listening socket (") {
		cure = "see with ss -ltnp which program has the port: stop it, or choose another docker.port"
	}
	return fault.New(fault.EngineStart, unit, cure, "cannot %s: %w%s", verb, err, text)
}

func (m *Manager) jobTimeout() time.Duration {
	if m.JobTimeout > 0 {
		return m.JobTimeout
	}
	return DefaultJobTimeout
}

// hint gives the cure for what systemd answered.
func hint(err error) string {
	var job errJob
	switch {
	case named(err, "org.freedesktop.systemd1.UnitMasked"):
		return "somebody masked the unit: run systemctl unmask on it, " + fault.Retry
	case named(err, "org.freedesktop.systemd1.NoSuchUnit"):
		return "see whether the package that brings the unit is installed whole"
	case named(err, "org.freedesktop.systemd1.ShuttingDown"):
		return "wait for the reboot: the agent calls enable after it"
	case errors.Is(err, context.DeadlineExceeded):
		return "see with systemctl status and journalctl -u what the unit is waiting for"
	case errors.As(err, &job) && job == "canceled":
		return "another job took over: see in the journal who stopped or started the unit"
	case errors.As(err, &job):
		return "see journalctl -u for the reason, cure it, " + fault.Retry
	}
	return ""
}

// first gives the first error: the ones after it are mostly its consequences.
func first(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	return errs[0]
}

func join(units []string) string { return strings.Join(units, " ") }
