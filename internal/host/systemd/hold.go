package systemd

import (
	"errors"
	"path"
	"time"

	"docker-extension/internal/state"
)

// HoldBack keeps units from starting until Release, or the next boot: a start does nothing then, and is
// no error. It is for units that are not there yet, which their package would start as soon as it has
// brought them; for others it needs a DaemonReload.
//
// The condition in the drop-in is the drop-in's own absence (ConditionPathExists= in systemd.unit(5)). It
// is looked at whenever the unit is to start, so that removing the file is enough.
func (m *Manager) HoldBack(units ...string) error {
	for _, unit := range units {
		p := holdOf(unit)
		content := "# Written by the Docker VM extension while the packages are installed; gone afterwards.\n" +
			"[Unit]\nConditionPathExists=!" + p + "\n"
		if err := m.Root.Write(p, state.File{Exists: true, Mode: 0o644, Content: []byte(content)}); err != nil {
			return err
		}
	}
	return nil
}

// Release ends HoldBack. Units that are not held back are fine.
func (m *Manager) Release(units ...string) error {
	var errs []error
	for _, unit := range units {
		if p := holdOf(unit); m.Root.Exists(path.Dir(p)) {
			errs = append(errs, m.Root.Remove(p), m.Root.RemoveLeftovers(p, time.Now()), m.Root.RemoveIfEmpty(path.Dir(p)))
		}
	}
	return errors.Join(errs...)
}

// holdOf gives the drop-in that holds a unit back. It is in memory, so that no boot sees it.
func holdOf(unit string) string {
	return "/run/systemd/system/" + unit + ".d/50-docker-extension-hold.conf"
}
