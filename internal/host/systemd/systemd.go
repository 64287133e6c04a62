// Package systemd looks at units and changes them.
//
// Looking (Observe) reads files only. Changing goes over D-Bus, straight to systemd's own socket,
// which is there from the first moment of a boot and needs no bus daemon; the system bus is the
// fallback. Every job is waited for, so that a call that returns without an error means that the
// unit is what was asked for, in systemd's opinion.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/files"
)

// Bounds that hold unless the Manager says otherwise.
const (
	DefaultJobTimeout = 5 * time.Minute  // of one job: an engine with many containers takes its time
	callTimeout       = 30 * time.Second // of everything that systemd answers at once, a reload included
)

// Manager is the systemd of the host at Root. It connects at its first use and can be used again
// after Close. Runner asks the journal for a unit's last words when a job fails.
type Manager struct {
	Root       files.Root
	Runner     command.Runner
	JobTimeout time.Duration // 0 means DefaultJobTimeout

	mu   sync.Mutex
	bus  *dbus.Conn
	lost <-chan struct{} // closed when the connection is
}

// Close ends the connection, if there is one.
func (m *Manager) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bus != nil {
		m.bus.Close()
		m.bus = nil
	}
}

// connection gives the connection, and a channel that is closed when it breaks: systemd drops it
// when it executes itself anew, as an upgrade of its package makes it do.
func (m *Manager) connection(ctx context.Context) (*dbus.Conn, <-chan struct{}, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bus != nil && m.bus.Connected() {
		return m.bus, m.lost, nil
	}
	var errs []error
	for _, way := range ways() {
		bus, lost, err := connect(ctx, m.Root.Path(way.socket), way.hello)
		if err == nil {
			m.bus, m.lost = bus, lost
			return bus, lost, nil
		}
		errs = append(errs, err)
	}
	return nil, nil, fault.New(fault.EngineStart, "", "see whether systemctl status works on this VM, and restart it if not",
		"cannot connect to systemd: %w", errors.Join(errs...))
}

// way is a socket that leads to systemd. A bus wants to be greeted; systemd itself does not.
type way struct {
	socket string
	hello  bool
}

func ways() []way {
	return []way{{socket: "/run/systemd/private"}, {socket: "/run/dbus/system_bus_socket", hello: true}}
}

// connect opens the two connections, one for calls and one for signals, that a dbus.Conn is made
// of. The deadline covers the handshake; after it the connection lives until it is closed.
func connect(ctx context.Context, socket string, hello bool) (*dbus.Conn, <-chan struct{}, error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, end)

	var signals *godbus.Conn
	bus, err := dbus.NewConnection(func() (conn *godbus.Conn, err error) {
		conn, err = dial(ctx, life, socket, hello)
		signals = conn
		return conn, err
	})
	if err != nil {
		end()
		return nil, nil, err
	}
	if !stop() {
		bus.Close()
		return nil, nil, fmt.Errorf("%s does not answer: %w", socket, ctx.Err())
	}
	// The channel is that of the connection made last, the one for signals: without it no job ends.
	go func() { <-signals.Context().Done(); end() }()
	return bus, life.Done(), nil
}

func dial(ctx, life context.Context, socket string, hello bool) (*godbus.Conn, error) {
	var dialer net.Dialer
	stream, err := dialer.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	conn, err := godbus.NewConn(stream, godbus.WithContext(life))
	if err != nil {
		return nil, errors.Join(err, stream.Close())
	}
	// By number: a look-up of the name would need the C library.
	err = conn.Auth([]godbus.Auth{godbus.AuthExternal(strconv.Itoa(os.Getuid()))})
	if err == nil && hello {
		err = conn.Hello()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot log in at %s: %w", socket, err), conn.Close())
	}
	return conn, nil
}

// DaemonReload makes systemd read unit files and drop-ins again.
func (m *Manager) DaemonReload(ctx context.Context) error {
	return m.call(ctx, "reload systemd's units", func(ctx context.Context, bus *dbus.Conn) error {
		return bus.ReloadContext(ctx)
	})
}

// Enable makes units start at boot, as their [Install] sections say.
func (m *Manager) Enable(ctx context.Context, units ...string) error {
	return m.install(ctx, "enable", units, func(ctx context.Context, bus *dbus.Conn) (bool, error) {
		_, changes, err := bus.EnableUnitFilesContext(ctx, units, false, false)
		return len(changes) > 0, err
	})
}

// Disable takes back what Enable did. Running units go on.
func (m *Manager) Disable(ctx context.Context, units ...string) error {
	return m.install(ctx, "disable", units, func(ctx context.Context, bus *dbus.Conn) (bool, error) {
		changes, err := bus.DisableUnitFilesContext(ctx, units, false)
		return len(changes) > 0, err
	})
}

// install changes links of unit files and, as systemctl does, reloads if any changed.
func (m *Manager) install(ctx context.Context, verb string, units []string, change func(context.Context, *dbus.Conn) (bool, error)) error {
	changed := false
	err := m.call(ctx, verb+" "+join(units), func(ctx context.Context, bus *dbus.Conn) (err error) {
		changed, err = change(ctx, bus)
		return err
	})
	if err != nil || !changed {
		return err
	}
	return m.DaemonReload(ctx)
}

// ResetFailed makes systemd forget that units failed, and how often: a unit that failed too often
// in a row is refused a start otherwise (start-limit-hit). A unit that is not loaded is no error.
func (m *Manager) ResetFailed(ctx context.Context, units ...string) error {
	for _, name := range units {
		err := m.call(ctx, "reset "+name, func(ctx context.Context, bus *dbus.Conn) error {
			err := bus.ResetFailedUnitContext(ctx, name)
			if named(err, "org.freedesktop.systemd1.NoSuchUnit") {
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// IsActive asks systemd whether a unit is active, which leaves out one that is still starting. A
// unit that does not exist is not active.
func (m *Manager) IsActive(ctx context.Context, name string) (bool, error) {
	active := false
	err := m.call(ctx, "ask for the state of "+name, func(ctx context.Context, bus *dbus.Conn) error {
		property, err := bus.GetUnitPropertyContext(ctx, name, "ActiveState")
		if err == nil {
			active = property.Value.Value() == "active"
		}
		return err
	})
	return active, err
}

// Underway tells for how long a unit has been on its way up; 0 if it is not. It reads systemd's
// monotonic clock (org.freedesktop.systemd1(5), InactiveExitTimestampMonotonic, in microseconds), since
// the other one may be set by years while the unit starts.
func (m *Manager) Underway(ctx context.Context, name string) (time.Duration, error) {
	var since uint64
	err := m.call(ctx, "ask since when "+name+" has been starting", func(ctx context.Context, bus *dbus.Conn) error {
		properties, err := bus.GetUnitPropertiesContext(ctx, name)
		if err == nil && properties["ActiveState"] == "activating" {
			since, _ = properties["InactiveExitTimestampMonotonic"].(uint64)
		}
		return err
	})
	if err != nil || since == 0 {
		return 0, err
	}
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0, fault.New(fault.Internal, "", "", "cannot read the monotonic clock: %w", err)
	}
	return time.Duration(now.Nano()) - time.Duration(since)*time.Microsecond, nil
}

// call makes a call that systemd answers at once, and a fault of its error.
func (m *Manager) call(ctx context.Context, what string, f func(context.Context, *dbus.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	bus, _, err := m.connection(ctx)
	if err != nil {
		return err
	}
	if err := f(ctx, bus); err != nil {
		return fault.New(fault.EngineStart, "", hint(err), "cannot %s: %w", what, err)
	}
	return nil
}

// named tells whether err is the D-Bus error with this name.
func named(err error, name string) bool {
	var answer godbus.Error
	return errors.As(err, &answer) && answer.Name == name
}
