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
	first, rest := installation(goal).steps(goal), goal
	if m, moves := moveOf(goal); moves {
		first, rest = m.steps(), m.after()
	}
	want, have := rest.Want, rest.Have
	return slices.Concat(
		first,
		memberSteps(want, have),
		unitSteps(rest),
		accountSteps(want, have),
		fileSteps(rest, late),
		projectSteps(want, have),
		removeSteps(rest),
		purgeSteps(want, have),
	)
}

// The times at which files are written. Where the packages come from is said before they are asked for,
// and the rest of the configuration before they are installed; late files need a running engine.
type due int

const (
	source due = iota
	now
	late
)

// dueAt tells when a file is due.
func dueAt(goal state.Goal, p string) due {
	switch {
	case partOf(p) == partSource:
		return source
	case slices.Contains(goal.Late, p):
		return late
	default:
		return now
	}
}

// fileSteps makes one step per part of the configuration, in the order of turn, of the files that are
// due then. What the engine has to approve of comes after the certificates that it names.
func fileSteps(goal state.Goal, when due) []Step {
	parts := map[string]*WriteFiles{}
	asked := ""
	for _, p := range selectKeys(goal.Want.Files, func(p string, file state.File) bool {
		return dueAt(goal, p) == when && !file.Equal(goal.Have.Files[p])
	}) {
		file := goal.Want.Files[p]
		key := fmt.Sprint(turn(p, file.Exists), partOf(p))
		if parts[key] == nil {
			parts[key] = &WriteFiles{Part: partOf(p), Files: map[string]state.File{}}
		}
		parts[key].Paths = append(parts[key].Paths, p)
		parts[key].Files[p] = file
		if p == goal.Parting.Path {
			parts[key].Daemon = orEmpty(goal.Daemon)
		}
		if p == goal.Check.Path && asks(goal) {
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

// The parts of the configuration that this room has to tell apart.
const (
	partCertificates = "certificates"
	partCredentials  = "credentials"
	partDaemon       = "daemon.json"
	partListener     = "listener"
	partProxy        = "proxy"
	partSource       = "source"
)

// partOf names the part of the configuration that a file belongs to, by what people call it.
func partOf(p string) string {
	switch path.Ext(p) {
	case ".pem":
		return partCertificates
	case ".json":
		if path.Base(p) == "config.json" {
			return partCredentials
		}
		return path.Base(p)
	case ".sources", ".asc":
		return partSource
	case ".env":
		return partProxy
	case ".conf":
		if strings.HasSuffix(path.Dir(p), ".service.d") {
			return partProxy
		}
		return partListener
	default:
		return path.Base(p)
	}
}

// asks tells whether the engine is asked before the files are written.
func asks(goal state.Goal) bool { return !comes(goal) && !goal.Check.Sure }

// comes tells whether the engine comes with this run, as far as it matters: one that runs already can be
// asked at once, and must not be held back, because an upgrade that restarts it would then stop it.
func comes(goal state.Goal) bool {
	return installs(goal) && !slices.ContainsFunc(goal.Check.Units, func(u string) bool { return goal.Have.Units[u].Active })
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
