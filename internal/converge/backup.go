package converge

import (
	"maps"
	"slices"

	"docker-extension/internal/state"
)

// keep notes in the ledger what the engine runs with, before its files are changed. A run that goes on
// where another one was cut off finds there what ran before both: what is on the disk was never tried. Once
// the engine answers with it, it is.
func (r *run) keep() error {
	if r.answers || !r.awaits() {
		return nil
	}
	kept, more := backup(r.ledger.Backup, r.goal)
	if !more {
		return nil
	}
	return r.remember(func(l *state.Ledger) { l.Backup = &kept })
}

// awaits tells whether the run waits for the engine in the end, as each does that changes what units read. What only
// compose reads is not undone.
func (r *run) awaits() bool {
	return slices.ContainsFunc(r.steps, func(s Step) bool { _, is := s.(AwaitEngine); return is })
}

// backup gives an earlier backup with those files of the engine that are about to change, and whether these
// are more than there were. There is none to begin with of an engine that does not run.
func backup(earlier *state.Backup, goal state.Goal) (kept state.Backup, more bool) {
	kept = state.Backup{Files: map[string]state.Found{}, Daemon: goal.Found}
	switch {
	case earlier != nil:
		kept.Files, kept.Daemon = orEmpty(maps.Clone(earlier.Files)), earlier.Daemon
	case !serves(goal):
		return state.Backup{}, false
	}
	for p, file := range goal.Want.Files {
		if _, there := kept.Files[p]; !there && dueAt(goal, p) == now && !file.Equal(goal.Have.Files[p]) {
			kept.Files[p], more = foundOf(goal.Have.Files[p]), true
		}
	}
	return kept, more
}

// serves tells whether all units that are to run do so already.
func serves(goal state.Goal) bool {
	idle := selectKeys(goal.Want.Units, func(u string, w state.Unit) bool { return w.Active && !ran(goal, u) })
	return anyActive(goal.Want.Units) && len(idle) == 0
}
