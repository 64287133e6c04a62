package systemd

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"

	"docker-extension/internal/fault"
)

// ErrUnitExists says that a transient unit of this name runs already.
var ErrUnitExists = errors.New("the unit runs already")

// Transient is a service that lives in systemd's memory only. It is forgotten when it has ended,
// however it ended, so that its name is free again.
type Transient struct {
	Unit        string   // with ".service"
	Description string   // for systemctl status and the journal
	Argv        []string // program with its full path, and arguments; no shell, but systemd expands $NAME
	Environment []string // KEY=value; anybody on the VM can read it, so never a secret
	// Properties are further settings as D-Bus knows them: names as in systemd.service(5), times in
	// microseconds with a name that ends in USec ("TimeoutStopUSec": uint64(90e6)), Go types as the
	// D-Bus interface wants them (org.freedesktop.systemd1(5)).
	Properties map[string]any
}

// StartTransient starts a transient service and waits until its program runs, not until it ends. If
// a unit of this name is there already the error wraps ErrUnitExists. Errors are faults with code
// fault.Converge.
func (m *Manager) StartTransient(ctx context.Context, t Transient) error {
	if len(t.Argv) == 0 || !strings.HasPrefix(t.Argv[0], "/") {
		return fault.New(fault.Internal, t.Unit, "", "has no program with a full path")
	}
	err := m.jobs(ctx, "start", []string{t.Unit}, func(ctx context.Context, bus *dbus.Conn, unit string, result chan<- string) (int, error) {
		id, err := bus.StartTransientUnitContext(ctx, unit, "fail", properties(t), result)
		if named(err, "org.freedesktop.systemd1.UnitExists") {
			err = fmt.Errorf("%w: %w", ErrUnitExists, err)
		}
		return id, err
	})
	var f *fault.Fault
	if errors.As(err, &f) {
		return &fault.Fault{Code: fault.Converge, Place: f.Place, Err: f.Err, Hint: transientHint(f, t.Argv[0])}
	}
	return err
}

// transientHint knows why a service of Type=exec fails to start: its program cannot be executed. systemd
// tells that by a number (203 in systemd.exec(5)), and in words that the journal may not have yet.
func transientHint(f *fault.Fault, program string) string {
	var job errJob
	if errors.As(f, &job) && job == "failed" {
		return "let " + program + " be executed: its file system is mounted noexec (findmnt -T shows it), or a security module forbids it"
	}
	return f.Hint
}

// properties translates. Type=exec makes the start job fail if the program cannot be executed (a
// file system mounted noexec, for example) where Type=simple would not notice.
func properties(t Transient) []dbus.Property {
	all := []dbus.Property{
		dbus.PropDescription(t.Description),
		dbus.PropExecStart(t.Argv, false),
		dbus.PropType("exec"),
		property("CollectMode", "inactive-or-failed"),
	}
	if len(t.Environment) > 0 {
		all = append(all, property("Environment", t.Environment))
	}
	for _, name := range slices.Sorted(maps.Keys(t.Properties)) {
		all = append(all, property(name, t.Properties[name]))
	}
	return all
}

func property(name string, value any) dbus.Property {
	return dbus.Property{Name: name, Value: godbus.MakeVariant(value)}
}
