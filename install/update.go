package install

import (
	"context"
	"encoding/json"
	"time"

	"docker-extension/handler"
	"docker-extension/internal/host"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// Update is the verb that the agent calls between the old version's disable and its uninstall. It
// leaves a marker, by which the old version's uninstall knows that it is not to take the engine away.
type Update struct{ Root files.Root }

// Run is the verb as the handler calls it. On an upgrade the new version's update is called; on a
// downgrade it is the leaving version's own, with the target version in both variables (seen with
// WALinuxAgent 2.15, azurelinuxagent/ga/exthandlers.py). Either way the one that leaves is the one
// which is not the target.
func (u Update) Run(_ context.Context, call *handler.Call) (handler.Outcome, error) {
	leaving := call.UpdatingFrom
	if call.TargetVersion != call.Version {
		leaving = call.Version
	}
	if err := UpdateMarker(u).Set(leaving); err != nil {
		return handler.Outcome{}, err
	}
	return handler.Outcome{Message: "version " + leaving + " makes way for version " + call.TargetVersion}, nil
}

// UpdateMarker is the file by which one version of the extension tells another that an update is
// under way. Its format is a promise between versions: fields may be added, never changed.
type UpdateMarker struct{ Root files.Root }

const markerFile = host.StateFolder + "/update.json"

type marker struct {
	Leaving string `json:"leaving"` // the version whose uninstall leaves the engine alone
}

// Set names the version that leaves.
func (m UpdateMarker) Set(leaving string) error {
	content, err := json.Marshal(marker{leaving})
	if err != nil {
		return err
	}
	if err := m.Root.MakeDir(host.StateFolder, 0o700); err != nil {
		return err
	}
	// An update that was cut off here is tried again by the agent. It runs one at a time.
	if err := m.Root.RemoveLeftovers(markerFile, time.Now()); err != nil {
		return err
	}
	return m.Root.Write(markerFile, state.File{Exists: true, Mode: 0o600, Content: content})
}

// Names tells whether the marker names this version. A marker that cannot be read names every
// version: to leave an engine behind is a nuisance, to take one away is a loss.
func (m UpdateMarker) Names(version string) (bool, error) {
	f, err := m.Root.Read(markerFile)
	if err != nil || !f.Exists {
		return false, err
	}
	var found marker
	if json.Unmarshal(f.Content, &found) != nil {
		return true, nil
	}
	return found.Leaving == version, nil
}

// ClearFor ends the update if the marker names this version.
func (m UpdateMarker) ClearFor(version string) error {
	names, err := m.Names(version)
	if err != nil || !names {
		return err
	}
	return m.Clear()
}

// Clear ends the update.
func (m UpdateMarker) Clear() error { return m.Root.Remove(markerFile) }
