package engine

import (
	"encoding/json"
	"maps"
	"slices"

	"docker-extension/internal/dockerd"
	"docker-extension/internal/state"
)

// Stopped gives the goal of disable: the engine and its containers do not run, also not after a
// reboot, and everything else stays as it is.
//
// A running engine is told first, by a reload, that containers are not to outlive it. They then
// stop together with it and keep their restart policies, so they come back when the engine does.
func Stopped(facts state.Facts) (state.Goal, error) {
	goal := state.Goal{
		Have:    have(facts),
		Owned:   slices.Sorted(maps.Keys(facts.Ledger.Files)),
		Daemon:  facts.Ledger.Daemon,
		Found:   facts.Ledger.Daemon,
		Earlier: facts.Ledger.Earlier,
		Entries: facts.Ledger.Entries,
	}
	goal.Want.Files = map[string]state.File{}
	goal.Want.Choice = goal.Have.Choice
	if active := facts.Units[Service].Active; active || facts.Ledger.Pending != nil {
		merged, err := dockerd.Merge(present(facts), memory(facts.Ledger), stoppedKeys(facts, active))
		if err != nil {
			return state.Goal{}, err
		}
		goal.Want.Files[DaemonJSON] = daemonFile(merged, facts)
		goal.Owned = append(goal.Owned, DaemonJSON)
		goal.Daemon, goal.Found, goal.Earlier = merged.Owned, merged.Found, merged.Earlier
	}
	goal.Want.Units = stoppedUnits(facts, goal.Want.Files)
	return goal, nil
}

// stoppedKeys gives our keys of daemon.json as they are, or were about to be, and for an engine that runs
// that its containers are to stop with it.
func stoppedKeys(facts state.Facts, active bool) map[string]json.RawMessage {
	keys := maps.Clone(facts.Ledger.Daemon)
	if facts.Ledger.Pending != nil {
		keys = maps.Clone(facts.Ledger.Pending)
	}
	if keys == nil {
		keys = map[string]json.RawMessage{}
	}
	if active && string(daemonJSON(present(facts))["live-restore"]) != "false" {
		keys["live-restore"] = json.RawMessage("false")
	}
	return keys
}

// stoppedUnits wants every unit that exists to be stopped, and to have read what is on disk.
func stoppedUnits(facts state.Facts, changed map[string]state.File) map[string]state.Unit {
	files := maps.Clone(facts.Files)
	if files == nil {
		files = map[string]state.File{}
	}
	maps.Copy(files, changed)
	units := map[string]state.Unit{}
	for name, loaded := range loadedFrom(files) {
		if facts.Units[name].Exists {
			units[name] = state.Unit{Started: loaded.Started, Reloaded: loaded.Reloaded}
		}
	}
	return units
}
