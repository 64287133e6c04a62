package engine

import (
	"maps"
	"slices"

	"docker-extension/internal/dockerd"
	"docker-extension/internal/registry"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// Gone gives the goal of uninstall: nothing of ours is left, and what we found is there again. The
// packages that came with us go, but for those that somebody wants by now. With purge the engine's data
// goes too, unless the engine was here before us.
func Gone(facts state.Facts, purge bool) (state.Goal, error) {
	merged, err := dockerd.Merge(present(facts), memory(facts.Ledger), nil)
	if err != nil {
		return state.Goal{}, err
	}
	logins, err := loginsOf(settings.Settings{}, facts)
	if err != nil {
		return state.Goal{}, err
	}
	files := map[string]state.File{}
	maps.Copy(files, logins.returned)
	for p, found := range facts.Ledger.Files {
		switch p {
		case DaemonJSON:
			files[p] = daemonGivenBack(merged, found, facts)
		case registry.File:
		default:
			files[p] = givenBack(found)
		}
	}
	goal := state.Goal{Have: have(facts), Found: merged.Found}
	goal.Want = state.State{
		Choice:   goal.Have.Choice,
		Files:    files,
		Packages: map[string]state.Package{},
		Members:  map[state.Member]bool{},
		Units:    map[string]state.Unit{},
		Purged:   map[string]bool{},
	}
	for _, name := range facts.Ledger.Held {
		goal.Want.Packages[name] = state.Package{Installed: facts.Packages[name].Installed}
	}
	for _, name := range unclaimed(facts) {
		goal.Want.Packages[name] = state.Package{}
	}
	for _, m := range facts.Ledger.Members {
		goal.Want.Members[m] = false
	}
	if Foreign(facts) {
		goal.Want.Units = foundUnits(facts, files)
		return goal, nil
	}
	goal.Want.Units = packagedUnits(facts)
	goal.Want.Purged[dockerData] = purge
	goal.Want.Purged[containerdData] = purge
	return goal, nil
}

// Ours tells whether the engine on this host came with the extension.
func Ours(facts state.Facts) bool {
	return slices.ContainsFunc(enginePackages(), func(name string) bool { return slices.Contains(facts.Ledger.Debs, name) })
}

// Foreign tells whether the engine on this host was here before the extension. Its data is never deleted.
func Foreign(facts state.Facts) bool {
	_, foreign := foreignEngine(facts)
	return foreign
}

// daemonGivenBack gives daemon.json without our keys.
func daemonGivenBack(merged dockerd.Merged, found state.Found, facts state.Facts) state.File {
	file := daemonFile(merged, facts)
	if file.Exists && found.Existed {
		file.Mode = fileMode(found.Mode)
	}
	return file
}

// packagedUnits gives the units of an engine that came with us as its packages leave them when they
// go: enabled. dpkg takes a disabled unit for a person's choice and remembers it (deb-systemd-helper),
// and whoever installs the engine by hand later would get one that does not start.
func packagedUnits(facts state.Facts) map[string]state.Unit {
	units := map[string]state.Unit{}
	for _, name := range []string{Service, Socket} {
		if facts.Units[name].Exists {
			units[name] = state.Unit{Enabled: true}
		}
	}
	return units
}

// foundUnits gives the units of an engine that was here before us as we found them.
func foundUnits(facts state.Facts, files map[string]state.File) map[string]state.Unit {
	all := map[string]state.File{}
	for p, f := range facts.Files {
		all[p] = f
	}
	for p, f := range files {
		all[p] = f
	}
	loaded := loadedFrom(all)
	units := map[string]state.Unit{}
	for name, known := range facts.Ledger.Units {
		if facts.Units[name].Exists && name != Containerd {
			units[name] = state.Unit{
				Enabled: known.FoundEnabled, Active: known.FoundActive,
				Started: loaded[name].Started, Reloaded: loaded[name].Reloaded,
			}
		}
	}
	return units
}
