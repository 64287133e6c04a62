package engine

import (
	"maps"
	"slices"

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
		Earlier: facts.Ledger.Earlier,
	}
	goal.Want.Files = map[string]state.File{}
	goal.Want.Choice = goal.Have.Choice
	if facts.Units[Service].Active {
		file, merged, err := stopping(facts)
		if err != nil {
			return state.Goal{}, err
		}
		goal.Want.Files[DaemonJSON] = file
		goal.Owned = append(goal.Owned, DaemonJSON)
		goal.Daemon, goal.Earlier = merged.Owned, merged.Earlier
	}
	goal.Want.Units = stoppedUnits(facts, goal.Want.Files)
	return goal, nil
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
