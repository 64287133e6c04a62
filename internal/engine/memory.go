package engine

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"docker-extension/internal/dockerd"
	"docker-extension/internal/state"
)

// memory gives what the ledger knows of daemon.json.
func memory(l state.Ledger) dockerd.Memory {
	return dockerd.Memory{Owned: l.Daemon, Pending: l.Pending, Earlier: l.Earlier}
}

// mergeNotes tells where the settings and a person on the VM disagree about daemon.json. Values are not
// quoted: some hold credentials.
func mergeNotes(m dockerd.Merged) []string {
	var all []string
	for _, name := range m.Kept {
		all = append(all, fmt.Sprintf("%s in %s was changed on the VM and stays so until the settings say something new about it", name, DaemonJSON))
	}
	for _, name := range m.Left {
		all = append(all, fmt.Sprintf("%s in %s is no longer in the settings, but was changed on the VM and stays", name, DaemonJSON))
	}
	for _, name := range m.Overridden {
		all = append(all, fmt.Sprintf("%s in %s was changed on the VM and is as the settings want it again", name, DaemonJSON))
	}
	return all
}

// check has the engine approve of daemon.json. When it is installed only after the file was laid, and
// refuses it, the listener goes first: without that file it would be open to everybody.
func check(file state.File, facts state.Facts) state.Check {
	if !file.Exists {
		return state.Check{}
	}
	c := state.Check{
		Path: DaemonJSON, Units: []string{Socket, Service},
		Paths: []string{SocketDropIn, DaemonJSON}, Fallback: map[string]state.File{},
	}
	for _, p := range c.Paths {
		c.Fallback[p] = facts.Files[p]
		if found, ours := facts.Ledger.Files[p]; ours {
			c.Fallback[p] = givenBack(found)
		}
	}
	c.Sure = sure(file, facts)
	return c
}

// sure tells whether a file differs from the one that a running engine has taken over in nothing but keys
// of which dockerd.Judged says that the engine has no say.
func sure(file state.File, facts state.Facts) bool {
	if bytes.Equal(file.Content, present(facts)) {
		return true
	}
	now, wanted := daemonJSON(present(facts)), daemonJSON(file.Content)
	if now == nil || wanted == nil || !takenOver(facts) {
		return false
	}
	both := slices.Concat(slices.Collect(maps.Keys(now)), slices.Collect(maps.Keys(wanted)))
	return !slices.ContainsFunc(both, func(key string) bool {
		return !dockerd.Judged(key) && !bytes.Equal(compact(now[key]), compact(wanted[key]))
	})
}

// takenOver tells whether the engine runs, with the files as they are.
func takenOver(facts state.Facts) bool {
	started, reloaded := daemonDigests(facts.Files)
	known := facts.Ledger.Units[Service]
	return facts.Units[Service].Active && known.Started == started && known.Reloaded == reloaded
}
