package engine

import (
	"fmt"
	"slices"

	"docker-extension/internal/dockerd"
	"docker-extension/internal/fault"
	"docker-extension/internal/lists"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// wantPackages fills in which packages are wanted, and what they are chosen by.
func wantPackages(goal *state.Goal, s settings.Settings, from supply, facts state.Facts) error {
	names, foreign := from.packages, false
	if name, is := foreignEngine(facts); is {
		// Replacing it would take its containers down.
		names, foreign = companions(name, facts), true
	}
	goal.Pinned = pinned(names)
	if s.Compose != nil {
		names = with(names, composePackage(goal.Pinned[0], names, facts))
	}
	goal.Named = names
	goal.Along = lists.Without(unclaimed(facts), names)
	goal.Want.Choice = state.Choice{Origin: from.origin, Version: s.Docker.Version}
	goal.Have.Choice = haveChoice(goal, facts)
	if foreign && s.Docker.Version == "" {
		goal.Want.Choice = goal.Have.Choice
	}
	goal.Want.Packages = map[string]state.Package{}
	for _, name := range unwantedCompose(s, facts) {
		goal.Want.Packages[name] = state.Package{}
	}
	for _, name := range names {
		held := facts.Packages[name].Held && !slices.Contains(facts.Ledger.Held, name)
		goal.Want.Packages[name] = state.Package{Installed: true, Held: s.Docker.Hold || held}
	}
	for _, name := range rivals(names, facts) {
		goal.Want.Packages[name] = state.Package{}
	}
	return checkHeld(goal, facts)
}

// companions gives the packages that have one version with an engine which was here before us.
func companions(engine string, facts state.Facts) []string {
	all := []string{engine}
	for _, name := range clientsOf(engine) {
		if facts.Packages[name].Installed {
			all = append(all, name)
		}
	}
	return all
}

// clientsOf gives the packages that are built together with an engine and have its version.
func clientsOf(engine string) []string {
	switch engine {
	case "docker.io":
		return []string{"docker-cli"}
	case "docker-ce":
		return []string{"docker-ce-cli", "docker-ce-rootless-extras"}
	case "moby-engine":
		return []string{"moby-cli"}
	}
	return nil
}

// pinned gives those of the packages that docker.version speaks of, the engine first.
func pinned(names []string) []string {
	for _, engine := range enginePackages() {
		if slices.Contains(names, engine) {
			return append([]string{engine}, lists.Shared(clientsOf(engine), names)...)
		}
	}
	return names[:1]
}

// with gives a list with one more item, unless it is there already.
func with(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(slices.Clip(names), name)
}

// haveChoice gives what the packages on the host were chosen by, as far as it matters: a version that
// fits the wanted one was well chosen, whoever did it, and one that does not was not. Settings that name
// another version than before want the newest one of it, as a fresh host has.
func haveChoice(goal *state.Goal, facts state.Facts) state.Choice {
	have, wanted := facts.Ledger.Choice, goal.Want.Choice.Version
	if wanted == "" || have.Version != "" && have.Version != wanted {
		return have
	}
	have.Version = wanted
	for _, name := range goal.Pinned {
		if p := facts.Packages[name]; !p.Installed || !state.VersionFits(p.Version, wanted) {
			have.Version = ""
		}
	}
	return have
}

// rivals gives the packages that came with us for an engine which is no longer wanted. They are
// removed and not purged: a purge of Debian's docker.io deletes all images and volumes.
func rivals(wanted []string, facts state.Facts) []string {
	family := slices.Concat(dockerPackages(), facts.Ledger.Named, []string{
		"docker-ce-rootless-extras", "docker-model-plugin", "moby-engine", "moby-cli", "moby-containerd", "moby-runc", "moby-buildx", "moby-compose",
	})
	if !slices.Contains(wanted, "docker.io") {
		family = append(family, "docker.io", "docker-cli", "containerd", "runc", "docker-buildx", "docker-compose", "docker-compose-v2")
	}
	ours := unclaimed(facts)
	var all []string
	for _, name := range family {
		if facts.Packages[name].Installed && slices.Contains(ours, name) && !slices.Contains(wanted, name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// unclaimed gives the packages that came with us, but for those that somebody on this host wants by now:
// who holds a package, or has told apt to install one which was there already only because another needed
// it, has apt's word that it stays (apt-mark(8)). The mark of a package that we asked for is our own.
func unclaimed(facts state.Facts) []string {
	l := facts.Ledger
	return slices.DeleteFunc(slices.Clone(l.Debs), func(name string) bool {
		p := facts.Packages[name]
		held := p.Held && !slices.Contains(l.Held, name)
		asked := slices.Contains(l.Asked, name) || slices.Contains(l.Named, name)
		return p.Installed && (held || !p.Automatic && !asked)
	})
}

// checkHeld refuses to change a package that a person wants to stay at its version.
func checkHeld(goal *state.Goal, facts state.Facts) error {
	if goal.Want.Choice == goal.Have.Choice {
		return nil
	}
	for _, name := range goal.Named {
		p := facts.Packages[name]
		if p.Held && p.Installed && !slices.Contains(facts.Ledger.Held, name) {
			return fault.New(fault.HostConfig, name, "run apt-mark unhold "+name+" on the VM, or remove docker.source and docker.version",
				"cannot change the package: somebody holds it at version %s", p.Version)
		}
	}
	return nil
}

// part prepares for the moment in which one engine makes way for another: the running one is told
// that its containers are not to outlive it, since its successor may not know how to take them over.
func part(goal *state.Goal, facts state.Facts) error {
	from, to := leaving(goal), missingEngine(goal)
	if from == "" || to == "" {
		return nil
	}
	goal.Notes = append(goal.Notes, fmt.Sprintf(
		"the engine moves from the package %s to %s: all containers stop, and those with a restart policy start again; images, volumes and containers stay", from, to))
	if !facts.Units[Service].Active {
		return nil
	}
	merged, err := dockerd.Merge(present(facts), memory(facts.Ledger), stoppedKeys(facts, true))
	goal.Parting = state.Parting{Path: DaemonJSON, File: daemonFile(merged, facts), Daemon: merged.Owned}
	return err
}

// leaving gives the engine that has to go.
func leaving(goal *state.Goal) string {
	for _, name := range enginePackages() {
		if p, decided := goal.Want.Packages[name]; decided && !p.Installed && goal.Have.Packages[name].Installed {
			return name
		}
	}
	return ""
}

// missingEngine gives the wanted engine if it is not there.
func missingEngine(goal *state.Goal) string {
	if name := goal.Pinned[0]; !goal.Have.Packages[name].Installed {
		return name
	}
	return ""
}
