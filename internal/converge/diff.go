package converge

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"docker-extension/internal/state"
)

// Diff gives the steps that turn have into want, in the order in which they are safe: configuration
// before the package, so that the first start of the engine is the right one; units when all that
// they read is in place; registries and projects when the engine runs; removals last. An empty result
// means that there is nothing to do. It is pure: it looks at nothing but its arguments.
func Diff(goal state.Goal) []Step {
	want, have := goal.Want, goal.Have
	return slices.Concat(
		fileSteps(goal, false),
		installSteps(goal),
		memberSteps(want, have),
		unitSteps(goal),
		accountSteps(want, have),
		fileSteps(goal, true),
		projectSteps(want, have),
		removeSteps(want, have),
		purgeSteps(want, have),
	)
}

// fileSteps makes one step per part of the configuration, in the order of turn, of the files that are
// due now, or of the late ones. What the engine has to approve of comes after the certificates that it
// names.
func fileSteps(goal state.Goal, late bool) []Step {
	parts := map[string]*WriteFiles{}
	asked := ""
	for _, p := range slices.Sorted(maps.Keys(goal.Want.Files)) {
		file := goal.Want.Files[p]
		if slices.Contains(goal.Late, p) != late || file.Equal(goal.Have.Files[p]) {
			continue
		}
		key := fmt.Sprint(turn(p, file.Exists), partOf(p))
		if parts[key] == nil {
			parts[key] = &WriteFiles{Part: partOf(p), Files: map[string]state.File{}}
		}
		parts[key].Paths = append(parts[key].Paths, p)
		parts[key].Files[p] = file
		if p == goal.Check.Path && !comes(goal) {
			asked = fmt.Sprint(turnOfApproval)
		}
	}
	var steps []Step
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		if asked != "" && key > asked {
			steps, asked = append(steps, approval(goal, false)), ""
		}
		steps = append(steps, *parts[key])
	}
	return steps
}

// turnOfApproval is when the engine is asked about its configuration: before anything is changed that it
// would miss if it refuses.
const turnOfApproval = 1

// turn gives the order in which files are written and removed. However the VM may lose its power in the
// middle, and boot: certificates are there as long as daemon.json names them, and a listener only as long
// as daemon.json has TLS for it.
func turn(p string, exists bool) int {
	switch part := partOf(p); {
	case part == partCertificates && exists:
		return 0
	case part == partListener && !exists:
		return 2
	case part == partListener:
		return 4
	case part == partCertificates:
		return 5
	default:
		return 3
	}
}

// The parts whose turn depends on what happens to them.
const (
	partCertificates = "certificates"
	partListener     = "listener"
)

// partOf names the part of the configuration that a file belongs to, by what people call it.
func partOf(p string) string {
	switch path.Ext(p) {
	case ".pem":
		return partCertificates
	case ".json":
		if path.Base(p) == "config.json" {
			return "credentials"
		}
		return path.Base(p)
	case ".conf":
		return partListener
	default:
		return path.Base(p)
	}
}

// missing gives the packages that are to be installed.
func missing(goal state.Goal) []string {
	return selectKeys(goal.Want.Packages, func(name string, p state.Package) bool {
		return p.Installed && !goal.Have.Packages[name].Installed
	})
}

// comes tells whether the engine comes with this run, as far as it matters: one that runs already can be
// asked at once, and must not be held back, because an upgrade that restarts it would then stop it.
func comes(goal state.Goal) bool {
	return len(missing(goal)) > 0 && !slices.ContainsFunc(goal.Check.Units, func(u string) bool { return goal.Have.Units[u].Active })
}

// approval makes the step that asks the engine about a file; undo tells that the file is in place before
// there is an engine to be asked.
func approval(goal state.Goal, undo bool) Step {
	step := ApproveFile{Path: goal.Check.Path, File: goal.Want.Files[goal.Check.Path]}
	if undo {
		step.Undo = WriteFiles{Paths: goal.Check.Paths, Files: goal.Check.Fallback}
	}
	return step
}

// installSteps installs and holds. An engine that comes with the packages does not start before it has
// approved of the file that was laid for it.
func installSteps(goal state.Goal) []Step {
	want, have := goal.Want, goal.Have
	var steps []Step
	if names := missing(goal); len(names) > 0 {
		if want.Files[goal.Check.Path].Exists && comes(goal) {
			steps = append(steps, InstallPackages{names, goal.Check.Units}, approval(goal, true))
		} else {
			steps = append(steps, InstallPackages{Packages: names})
		}
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
		return !p.Installed && (have.Packages[name].Installed || have.Packages[name].Half)
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
