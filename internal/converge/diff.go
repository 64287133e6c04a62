package converge

import (
	"maps"
	"path"
	"slices"
	"strings"

	"docker-extension/internal/state"
)

// Diff gives the steps that turn have into want, in the order in which they are safe: configuration
// before the package, so that the first start of the engine is the right one; units when all that
// they read is in place; registries and projects when the engine runs; removals last. An empty result means that there is nothing to do. It is
// pure: it looks at nothing but its arguments.
func Diff(goal state.Goal) []Step {
	want, have := goal.Want, goal.Have
	return slices.Concat(
		fileSteps(want, have, func(p string) bool { return !slices.Contains(goal.Late, p) }),
		installSteps(want, have),
		memberSteps(want, have),
		unitSteps(goal),
		accountSteps(want, have),
		fileSteps(want, have, func(p string) bool { return slices.Contains(goal.Late, p) }),
		projectSteps(want, have),
		removeSteps(want, have),
		purgeSteps(want, have),
	)
}

// fileSteps makes one step per part of the configuration, of the files that are due. Certificates come
// before the daemon.json that names them.
func fileSteps(want, have state.State, due func(p string) bool) []Step {
	parts := map[string]*WriteFiles{}
	for _, p := range slices.Sorted(maps.Keys(want.Files)) {
		if !due(p) || want.Files[p].Equal(have.Files[p]) {
			continue
		}
		part := partOf(p)
		if parts[part] == nil {
			parts[part] = &WriteFiles{Part: part, Files: map[string]state.File{}}
		}
		parts[part].Paths = append(parts[part].Paths, p)
		parts[part].Files[p] = want.Files[p]
	}
	var steps []Step
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		steps = append(steps, *parts[part])
	}
	return steps
}

// partOf names the part of the configuration that a file belongs to, by what people call it.
func partOf(p string) string {
	switch path.Ext(p) {
	case ".pem":
		return "certificates"
	case ".json":
		if path.Base(p) == "config.json" {
			return "credentials"
		}
		return path.Base(p)
	case ".conf":
		return "listener"
	default:
		return path.Base(p)
	}
}

func installSteps(want, have state.State) []Step {
	var steps []Step
	missing := selectKeys(want.Packages, func(name string, p state.Package) bool {
		return p.Installed && !have.Packages[name].Installed
	})
	if len(missing) > 0 {
		steps = append(steps, InstallPackages{missing})
	}
	unheld := selectKeys(want.Packages, func(name string, p state.Package) bool {
		return p.Held && !have.Packages[name].Held
	})
	if len(unheld) > 0 {
		steps = append(steps, HoldPackages{unheld, true})
	}
	released := selectKeys(want.Packages, func(name string, p state.Package) bool {
		return !p.Held && have.Packages[name].Held
	})
	if len(released) > 0 {
		steps = append(steps, HoldPackages{released, false})
	}
	return steps
}

func memberSteps(want, have state.State) []Step {
	var steps []Step
	members := slices.SortedFunc(maps.Keys(want.Members), func(a, b state.Member) int {
		return strings.Compare(a.Group+":"+a.User, b.Group+":"+b.User)
	})
	for _, m := range members {
		if want.Members[m] != have.Members[m] {
			steps = append(steps, SetMember{m, want.Members[m]})
		}
	}
	return steps
}

func removeSteps(want, have state.State) []Step {
	unwanted := selectKeys(want.Packages, func(name string, p state.Package) bool {
		return !p.Installed && have.Packages[name].Installed
	})
	if len(unwanted) == 0 {
		return nil
	}
	return []Step{RemovePackages{unwanted}}
}

func purgeSteps(want, have state.State) []Step {
	trees := selectKeys(want.Purged, func(p string, gone bool) bool { return gone && !have.Purged[p] })
	if len(trees) == 0 {
		return nil
	}
	return []Step{PurgeTrees{trees}}
}

func selectKeys[V any](m map[string]V, keep func(string, V) bool) []string {
	var keys []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if keep(k, m[k]) {
			keys = append(keys, k)
		}
	}
	return keys
}
