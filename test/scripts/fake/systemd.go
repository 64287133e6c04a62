package fake

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/godbus/dbus/v5"
)

// Errors of systemd that the extension has a use for.
const (
	noSuchUnit = "org.freedesktop.systemd1.NoSuchUnit"
	unitExists = "org.freedesktop.systemd1.UnitExists"
)

func refused(name, text string) error { return dbus.Error{Name: name, Body: []any{text}} }

// change is one entry of what EnableUnitFiles and DisableUnitFiles have done.
type change struct{ Type, Link, Target string }

// call is systemd's answer to a method. It records the methods that the extension is known to use,
// and refuses all others but the subscription to signals.
func (h *Host) call(object dbus.ObjectPath, member string, body []any) (reply []any, after func(), err error) {
	if member == "AddMatch" {
		return nil, nil, nil
	}
	unit := operand(object, member, body)
	what := strings.TrimSpace(member + " " + unit)
	h.Record.add("systemd %s", what)
	if h.trapped(what) {
		return nil, nil, refused("org.freedesktop.DBus.Error.NoReply", "a trap")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.perform(member, unit, body)
}

// operand gives the unit, or units, that a call is about.
func operand(object dbus.ObjectPath, member string, body []any) string {
	if member == "Get" {
		// Of a unit's own object, ".../unit/docker_2eservice".
		return strings.ReplaceAll(path.Base(string(object)), "_2e", ".")
	}
	if len(body) == 0 {
		return ""
	}
	if names, ok := body[0].([]string); ok {
		return strings.Join(names, " ")
	}
	unit, _ := body[0].(string)
	return unit
}

func (h *Host) perform(member, unit string, body []any) ([]any, func(), error) {
	switch member {
	case "StartUnit", "StopUnit", "RestartUnit", "ReloadUnit":
		if work := h.work; work != nil && unit == work.unit {
			return h.stopWork(work)
		}
		result, err := h.change(member, unit)
		return h.job(unit, result, err)
	case "StartTransientUnit":
		result, err := h.startTransient(unit, body)
		return h.job(unit, result, err)
	case "Get":
		return []any{dbus.MakeVariant(h.units.state(unit))}, nil, nil
	case "Reload":
		return nil, nil, h.units.load()
	case "ResetFailedUnit":
		return nil, nil, h.units.known(unit)
	case "EnableUnitFiles":
		changes, err := h.link(strings.Fields(unit))
		return []any{true, changes}, nil, err
	case "DisableUnitFiles":
		changes, err := h.unlink(strings.Fields(unit))
		return []any{changes}, nil, err
	}
	return nil, nil, refused("org.freedesktop.DBus.Error.UnknownMethod", "the fake systemd has no "+member)
}

// stopWork stops the transient unit, the only job that it is asked for; the signal that the job is
// done comes when the program has ended.
func (h *Host) stopWork(work *transient) ([]any, func(), error) {
	reply, signal, err := h.job(work.unit, done, nil)
	return reply, func() { work.stop(); signal() }, err
}

// job answers with the path of a job that is done already; its signal follows.
func (h *Host) job(unit, result string, err error) ([]any, func(), error) {
	if err != nil {
		return nil, nil, err
	}
	h.units.jobs++
	id := h.units.jobs
	job := dbus.ObjectPath(fmt.Sprintf("%s/job/%d", managerPath, id))
	return []any{job}, func() { h.bus.signal("JobRemoved", id, job, unit, result) }, nil
}

// change does a job of a unit and gives its result word.
func (h *Host) change(member, unit string) (string, error) {
	if err := h.units.known(unit); err != nil {
		return "", err
	}
	switch member {
	case "StopUnit":
		h.units.stop(unit)
		return done, nil
	case "ReloadUnit":
		return h.units.reload(unit), nil
	case "RestartUnit":
		h.units.stop(unit)
	}
	return h.units.start(unit), nil
}

// wants gives the folder of links of the target that a unit's [Install] section names.
func wants(unit string) string {
	if unit == socket {
		return "/etc/systemd/system/sockets.target.wants"
	}
	return "/etc/systemd/system/multi-user.target.wants"
}

func (h *Host) link(names []string) ([]change, error) {
	changes := []change{}
	for _, unit := range names {
		link, target := filepath.Join(wants(unit), unit), filepath.Join(unitFolder, unit)
		if _, err := os.Lstat(h.path(link)); err == nil {
			continue
		}
		if err := os.MkdirAll(h.path(wants(unit)), 0o755); err != nil {
			return nil, err
		}
		if err := os.Symlink(target, h.path(link)); err != nil {
			return nil, err
		}
		changes = append(changes, change{"symlink", link, target})
	}
	return changes, nil
}

func (h *Host) unlink(names []string) ([]change, error) {
	changes := []change{}
	for _, unit := range names {
		link := filepath.Join(wants(unit), unit)
		if os.Remove(h.path(link)) == nil {
			changes = append(changes, change{"unlink", link, ""})
		}
	}
	return changes, nil
}

// trapped kills the transient unit's process if the trap is set for this call.
func (h *Host) trapped(what string) bool {
	h.mu.Lock()
	trap, work := h.trap, h.work
	if trap.Call != what || work == nil {
		h.mu.Unlock()
		return false
	}
	h.trap = Trap{}
	if trap.Stays {
		work.restart = false
	}
	h.mu.Unlock()
	work.crash()
	return true
}
