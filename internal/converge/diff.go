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
// they read is in place; removals last. An empty result means that there is nothing to do. It is
// pure: it looks at nothing but its arguments.
func Diff(goal state.Goal) []Step {
	want, have := goal.Want, goal.Have
	if m, moves := moveOf(goal); moves {
		return m.steps()
	}
	return slices.Concat(
		sourceSteps(goal),
		fileSteps(want, have),
		releaseSteps(goal),
		installSteps(goal),
		holdSteps(goal),
		memberSteps(want, have),
		unitSteps(goal),
		removeSteps(want, have),
		purgeSteps(want, have),
	)
}

// sourceSteps come first: a repository that cannot be used is known before anything is changed.
func sourceSteps(goal state.Goal) []Step {
	if goal.Want.Source == (state.Repository{}) || goal.Want.Source == goal.Have.Source {
		return nil
	}
	return []Step{AddRepository{goal.Want.Source, goal.Proxy}}
}

// fileSteps makes one step per part of the configuration. Certificates come before the daemon.json
// that names them.
func fileSteps(want, have state.State) []Step {
	parts := map[string]*WriteFiles{}
	for _, p := range slices.Sorted(maps.Keys(want.Files)) {
		if want.Files[p].Equal(have.Files[p]) {
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
	case ".env":
		return "proxy"
	case ".sources", ".asc":
		return "source"
	case ".conf":
		if strings.HasSuffix(path.Dir(p), ".service.d") {
			return "proxy"
		}
		return "listener"
	default:
		return path.Base(p)
	}
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
