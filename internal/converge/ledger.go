package converge

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"docker-extension/internal/lists"
	"docker-extension/internal/state"
)

// claim gives the ledger as it has to be on disk before the first step: everything that the run may
// touch is noted with what was found there. A crash in the middle then leaves too much in the
// ledger rather than too little, and the next run sees that the units have not read what is there.
func claim(old state.Ledger, facts state.Facts, goal state.Goal) state.Ledger {
	l := clone(old)
	for _, p := range goal.Owned {
		if _, ours := l.Files[p]; !ours {
			l.Files[p] = foundOf(facts.Files[p])
		}
	}
	l.Daemon, l.Pending = goal.Found, orEmpty(goal.Daemon)
	l.Earlier = merged(goal.Earlier, old.Earlier)
	claimProjects(&l, goal)
	claimEntries(&l, goal)
	claimMembers(&l, goal)
	claimPackages(&l, goal)
	if goal.Want.Choice != goal.Have.Choice {
		l.Choice.Origin = state.UnknownOrigin // until the packages are there
	}
	for u, wanted := range goal.Want.Units {
		l.Units[u] = claimUnit(l.Units, u, wanted, facts, goal.Have.Units[u])
	}
	return l
}

func foundOf(f state.File) state.Found {
	return state.Found{Existed: f.Exists, Mode: uint32(f.Mode), Content: f.Content}
}

// claimUnit gives what the ledger says of a unit before the first step. A unit that does not exist yet
// reads at its first start what is about to be written: its package starts it after that. If the run
// ends there, the next one knows what the unit works with.
func claimUnit(known map[string]state.Loaded, u string, wanted state.Unit, facts state.Facts, was state.Unit) state.Loaded {
	loaded, there := known[u]
	if !there {
		loaded = state.Loaded{Started: was.Started, Reloaded: was.Reloaded, FoundEnabled: was.Enabled, FoundActive: was.Active}
	}
	if !facts.Units[u].Exists {
		loaded.Started, loaded.Reloaded = wanted.Started, wanted.Reloaded
	}
	return loaded
}

// claimProjects takes the digest from every project that is about to change: if that does not end well,
// its containers are neither the old ones nor the new ones.
func claimProjects(l *state.Ledger, goal state.Goal) {
	for name, want := range goal.Want.Projects {
		raised, known := l.Projects[name]
		if !want.Up && !known {
			continue
		}
		if raised.Digest != want.Digest {
			raised.Digest = ""
		}
		l.Projects[name] = raised
	}
}

// claimEntries notes what is about to be written next to what was written before: after a crash either
// may stand in the file.
func claimEntries(l *state.Ledger, goal state.Goal) {
	for server, entry := range goal.Entries {
		old, known := l.Entries[server]
		if known {
			entry.Earlier = old.Earlier
		}
		for _, digest := range old.Written {
			if !slices.Contains(entry.Written, digest) {
				entry.Written = append(slices.Clone(entry.Written), digest)
			}
		}
		if old.Verified != entry.Verified {
			entry.Verified = ""
		}
		l.Entries[server] = entry
	}
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
			l.Debs = lists.Union(l.Debs, []string{name})
		}
		if p.Held && !goal.Have.Packages[name].Held {
			l.Held = lists.Union(l.Held, []string{name})
		}
	}
	l.Asked = lists.Union(l.Asked, lists.Shared(installation(goal).Packages, l.Debs))
}

// settle gives the ledger as it is after the last step: what is ours, and what the units have read.
func settle(claimed state.Ledger, goal state.Goal) state.Ledger {
	l := clone(claimed)
	maps.DeleteFunc(l.Files, func(p string, _ state.Found) bool { return !slices.Contains(goal.Owned, p) })
	l.Daemon, l.Pending, l.Earlier, l.Entries = goal.Daemon, nil, goal.Earlier, goal.Entries
	if len(goal.Named) > 0 {
		l.Choice, l.Named = goal.Want.Choice, slices.Clone(goal.Named)
		if goal.Want.Source == (state.Repository{}) {
			l.Fetched = state.Fetched{} // the keyring went with its repository
		}
	}
	l.Backup, l.Before = nil, nil
	settleProjects(&l, goal)
	l.Members = slices.DeleteFunc(l.Members, func(m state.Member) bool {
		in, wanted := goal.Want.Members[m]
		return wanted && !in
	})
	l.Debs = slices.DeleteFunc(l.Debs, func(name string) bool {
		p, wanted := goal.Want.Packages[name]
		return wanted && !p.Installed
	})
	l.Asked = lists.Shared(l.Asked, l.Debs)
	l.Held = slices.DeleteFunc(l.Held, func(name string) bool {
		p, wanted := goal.Want.Packages[name]
		return wanted && !p.Held
	})
	settleUnits(&l, goal)
	return l
}

// settleUnits notes what the units have read.
func settleUnits(l *state.Ledger, goal state.Goal) {
	for u, w := range goal.Want.Units {
		loaded := l.Units[u]
		loaded.Started, loaded.Reloaded = w.Started, w.Reloaded
		l.Units[u] = loaded
	}
}

// settleProjects notes the projects that are up. One that was left alone was brought up when it was.
func settleProjects(l *state.Ledger, goal state.Goal) {
	for name, want := range goal.Want.Projects {
		have := goal.Have.Projects[name]
		switch {
		case !want.Up:
			delete(l.Projects, name)
		case !have.Up || have.Digest != want.Digest:
			l.Projects[name] = state.Raised{Digest: want.Digest, Boot: goal.Boot}
		}
	}
}

func clone(l state.Ledger) state.Ledger {
	l.Format = state.LedgerFormat
	l.Files = orEmpty(maps.Clone(l.Files))
	l.Units = orEmpty(maps.Clone(l.Units))
	l.Projects, l.Entries = orEmpty(maps.Clone(l.Projects)), orEmpty(maps.Clone(l.Entries))
	l.Debs, l.Asked, l.Held, l.Members = slices.Clone(l.Debs), slices.Clone(l.Asked), slices.Clone(l.Held), slices.Clone(l.Members)
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

// SettleLedger is the step of a host that is as wanted, while the ledger says that a run has not come to
// its end: it was cut off in its last moment. There is nothing to be done but what every run ends with.
type SettleLedger struct{}

// Name is "record".
func (SettleLedger) Name() string { return "record" }

// Summary says what for.
func (SettleLedger) Summary() string { return "note that an earlier run had come to its end" }

func (SettleLedger) do(context.Context, *run) error { return nil }
