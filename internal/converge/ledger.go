package converge

import (
	"encoding/json"
	"maps"
	"slices"

	"docker-extension/internal/state"
)

// claim gives the ledger as it has to be on disk before the first step: everything that the run may
// touch is noted with what was found there. A crash in the middle then leaves too much in the
// ledger rather than too little, and the next run sees that the units have not read what is there.
func claim(old state.Ledger, facts state.Facts, goal state.Goal) state.Ledger {
	l := clone(old)
	for _, p := range goal.Owned {
		if _, ours := l.Files[p]; !ours {
			before := facts.Files[p]
			l.Files[p] = state.Found{Existed: before.Exists, Mode: uint32(before.Mode), Content: before.Content}
		}
	}
	l.Daemon = merged(goal.Daemon, old.Daemon)
	l.Earlier = merged(goal.Earlier, old.Earlier)
	claimMembers(&l, goal)
	claimPackages(&l, goal)
	if goal.Want.Choice != goal.Have.Choice {
		l.Choice.Origin = state.UnknownOrigin // until the packages are there
	}
	for u := range goal.Want.Units {
		if _, known := l.Units[u]; !known {
			was := goal.Have.Units[u]
			l.Units[u] = state.Loaded{
				Started: was.Started, Reloaded: was.Reloaded, FoundEnabled: was.Enabled, FoundActive: was.Active,
			}
		}
	}
	return l
}

func claimMembers(l *state.Ledger, goal state.Goal) {
	for m, in := range goal.Want.Members {
		if in && !goal.Have.Members[m] && !slices.Contains(l.Members, m) {
			l.Members = append(l.Members, m)
		}
	}
}

func claimPackages(l *state.Ledger, goal state.Goal) {
	for name, p := range goal.Want.Packages {
		if p.Installed && !goal.Have.Packages[name].Installed {
			l.Debs = union(l.Debs, []string{name})
		}
		if p.Held && !goal.Have.Packages[name].Held {
			l.Held = union(l.Held, []string{name})
		}
	}
}

// settle gives the ledger as it is after the last step: what is ours, and what the units have read.
func settle(claimed state.Ledger, goal state.Goal) state.Ledger {
	l := clone(claimed)
	maps.DeleteFunc(l.Files, func(p string, _ state.Found) bool { return !slices.Contains(goal.Owned, p) })
	l.Daemon, l.Earlier = goal.Daemon, goal.Earlier
	if len(goal.Named) > 0 {
		l.Choice, l.Named = goal.Want.Choice, slices.Clone(goal.Named)
	}
	l.Members = slices.DeleteFunc(l.Members, func(m state.Member) bool {
		in, wanted := goal.Want.Members[m]
		return wanted && !in
	})
	l.Debs = slices.DeleteFunc(l.Debs, func(name string) bool {
		p, wanted := goal.Want.Packages[name]
		return wanted && !p.Installed
	})
	l.Held = slices.DeleteFunc(l.Held, func(name string) bool {
		p, wanted := goal.Want.Packages[name]
		return wanted && !p.Held
	})
	for u, w := range goal.Want.Units {
		loaded := l.Units[u]
		loaded.Started, loaded.Reloaded = w.Started, w.Reloaded
		l.Units[u] = loaded
	}
	return l
}

func clone(l state.Ledger) state.Ledger {
	l.Format = state.LedgerFormat
	l.Files = orEmpty(maps.Clone(l.Files))
	l.Units = orEmpty(maps.Clone(l.Units))
	l.Debs, l.Held, l.Members = slices.Clone(l.Debs), slices.Clone(l.Held), slices.Clone(l.Members)
	return l
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

// merged gives the entries of both maps; on a common key the second wins, because a key that the
// ledger already knows must keep the value which it had before us.
func merged(a, b map[string]json.RawMessage) map[string]json.RawMessage {
	all := orEmpty(maps.Clone(a))
	maps.Copy(all, b)
	return all
}
