package engine

import (
	"fmt"

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
