// Package uninstall takes away what the extension put on the VM and gives back what it found.
// Images, containers and volumes stay, unless the settings say by name that they are to go.
package uninstall

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"docker-extension/disable"
	"docker-extension/enable"
	"docker-extension/handler"
	"docker-extension/install"
	"docker-extension/internal/converge"
	"docker-extension/internal/engine"
	"docker-extension/internal/host"
	"docker-extension/internal/host/files"
	"docker-extension/internal/machine"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// Uninstall is the verb.
type Uninstall struct{ Root files.Root }

// Run is the verb as the handler calls it.
func (u Uninstall) Run(ctx context.Context, call *handler.Call) (handler.Outcome, error) {
	leaving, err := install.UpdateMarker{Root: u.Root}.Names(call.Version)
	if err != nil {
		return handler.Outcome{}, err
	}
	if leaving {
		return handler.Outcome{Message: "version " + call.Version + " makes way for another: the engine goes on running"}, nil
	}
	m := machine.New(u.Root, call.Log)
	defer m.Close()
	if err := enable.Stop(ctx, u.Root, m.Systemd); err != nil {
		return handler.Outcome{}, err
	}
	purge := purgeWanted(call)
	before, err := m.Survey()
	if err != nil {
		return handler.Outcome{}, err
	}
	kept, err := remove(ctx, m, call.Log, before, purge)
	if err != nil {
		return handler.Outcome{}, err
	}
	message := "everything that the extension put on this VM is removed" + fateOfData(engine.Foreign(before), purge)
	if len(kept) > 0 {
		message += "; these packages stay, because another one needs them or somebody has marked them with apt: " + strings.Join(kept, ", ")
	}
	return handler.Outcome{Message: message}, nil
}

// fateOfData says what became of images, containers and volumes.
func fateOfData(foreign, purge bool) string {
	switch {
	case purge && foreign:
		return "; images, containers and volumes are kept in spite of uninstall.purgeData, because the engine was here before the extension"
	case purge:
		return ", and so are images, containers and volumes, as uninstall.purgeData says"
	default:
		return "; images, containers and volumes are kept"
	}
}

// remove converges to a host without us, and then forgets it. The engine is stopped first if it
// came with us: the agent has called disable before, but goes on with uninstall when that failed. The
// packages that came with us and stay are kept.
func remove(ctx context.Context, m *machine.Machine, log *logrus.Entry, before state.Facts, purge bool) (kept []string, err error) {
	if engine.Ours(before) {
		// What it notes is in the log.
		if _, err := disable.Stop(ctx, m, log); err != nil {
			return nil, err
		}
	}
	_, err = converge.Converger{
		Host:   m.Host(),
		Survey: m.Survey,
		Aim:    func(f state.Facts) (state.Goal, error) { return engine.Gone(f, purge) },
		Report: func([]converge.Progress) {},
		Log:    log,
	}.Run(ctx)
	if err != nil {
		return nil, err
	}
	after, err := m.Survey()
	if err != nil {
		return nil, err
	}
	kept = slices.DeleteFunc(before.Ledger.Debs, func(name string) bool { return !after.Packages[name].Installed })
	return kept, forget(m.Root)
}

// forget removes what only the extension itself had a use for: folders that are empty now, its state,
// and last its locks. Whoever waits for one of them sees that it is gone, and makes it anew.
func forget(root files.Root) error {
	for _, folder := range engine.Nests() {
		if err := root.RemoveIfEmpty(folder); err != nil {
			return err
		}
	}
	if err := root.RemoveTree(host.StateFolder); err != nil {
		return err
	}
	return root.RemoveTree(path.Dir(handler.LockPath))
}

// purgeWanted tells whether the settings in force ask for the data to go. Settings that cannot be
// read do not.
func purgeWanted(call *handler.Call) bool {
	envelope, err := call.ReadSettings()
	if err != nil {
		return false
	}
	purge, err := settings.PurgeData(envelope.Public)
	if err != nil {
		call.Log.WithError(err).Warn("cannot read uninstall.purgeData: the data is kept")
	}
	return err == nil && purge
}
