package fake

import (
	"fmt"
	"os"
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
func (h *Host) call(member string, body []any) (reply []any, after func(), err error) {
	unit := ""
	if len(body) > 0 {
		unit, _ = body[0].(string)
		if names, ok := body[0].([]string); ok {
			unit = strings.Join(names, " ")
		}
	}
	if member == "AddMatch" {
		return nil, nil, nil
	}
	what := strings.TrimSpace(member + " " + unit)
	h.Record.add("systemd %s", what)
	if h.trapped(what) {
		return nil, nil, refused("org.freedesktop.DBus.Error.NoReply", "a trap")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.perform(member, unit, body)
}

func (h *Host) perform(member, unit string, body []any) ([]any, func(), error) {
	if member == "StopUnit" && h.work != nil && unit == h.work.unit {
		work := h.work
		path, signal, err := h.job(unit, done, nil)
		return path, func() { work.stop(); signal() }, err
	}
	switch member {
	case "StartUnit", "StopUnit", "RestartUnit", "ReloadUnit":
		result, err := h.change(member, unit)
		return h.job(unit, result, err)
	case "StartTransientUnit":
		result, err := h.startTransient(unit, body)
		return h.job(unit, result, err)
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

// job answers with the path of a job that is done already; its signal follows.
func (h *Host) job(unit, result string, err error) ([]any, func(), error) {
	if err != nil {
		return nil, nil, err
	}
	h.units.jobs++
	id := h.units.jobs
	path := dbus.ObjectPath(fmt.Sprintf("%s/job/%d", managerPath, id))
	return []any{path}, func() { h.bus.signal("JobRemoved", id, path, unit, result) }, nil
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
