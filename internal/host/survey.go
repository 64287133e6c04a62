// Package host takes the one look at the host that a run decides by, and keeps the extension's
// memory. The rooms below it are the only ones that change anything on the machine.
package host

import (
	"runtime"
	"strconv"
	"strings"
	"time"

	"docker-extension/internal/host/accounts"
	"docker-extension/internal/host/apt"
	"docker-extension/internal/host/files"
	"docker-extension/internal/host/systemd"
	"docker-extension/internal/keyring"
	"docker-extension/internal/lists"
	"docker-extension/internal/state"
)

// swarmState is the engine's record of its swarm; it is there while the host is part of one
// (stateFile in moby's daemon/cluster/cluster.go).
const swarmState = "/var/lib/docker/swarm/docker-state.json"

// Survey looks at the host: the files at these paths, these units, and everything else that Facts
// has room for. It reads files only and starts nothing. The ledger is passed through. On a host that
// has no dpkg or no systemd the Facts say so; that is for the caller to judge.
func Survey(root files.Root, paths, units []string, ledger state.Ledger) (state.Facts, error) {
	facts := state.Facts{
		Files: make(map[string]state.File, len(paths)), Units: make(map[string]state.UnitFacts, len(units)),
		Swarm: root.Exists(swarmState), Ledger: ledger,
	}
	var err error
	if facts.Boot, err = boot(root); err != nil {
		return state.Facts{}, err
	}
	if facts.OS, err = system(root); err != nil {
		return state.Facts{}, err
	}
	for _, path := range paths {
		if facts.Files[path], err = root.Read(path); err != nil {
			return state.Facts{}, err
		}
	}
	for _, unit := range units {
		if facts.Units[unit], err = systemd.Observe(root, unit); err != nil {
			return state.Facts{}, err
		}
	}
	if err = packages(root, &facts); err != nil {
		return state.Facts{}, err
	}
	if facts.Rival, err = rival(root); err != nil {
		return state.Facts{}, err
	}
	if err = people(root, &facts); err != nil {
		return state.Facts{}, err
	}
	return facts, nil
}

// boot gives the kernel's name for this boot (random(4)); "" where it does not tell.
func boot(root files.Root) (string, error) {
	file, err := root.Read("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(file.Content)), err
}

// Keys looks into those of the files that are keyrings of apt. What cannot be read as one holds no keys.
func Keys(found map[string]state.File, now time.Time) map[string]state.KeyFile {
	keys := map[string]state.KeyFile{}
	for path, file := range found {
		if !strings.HasPrefix(path, apt.Keyrings) || !file.Exists {
			continue
		}
		if ring, err := keyring.Parse(file.Content); err == nil {
			keys[path] = state.KeyFile{Fingerprints: ring.Fingerprints(), Fit: ring.Trouble(now) == nil}
		}
	}
	return keys
}

// packages fills in what dpkg and apt know, and which packages came with us.
func packages(root files.Root, facts *state.Facts) (err error) {
	if facts.Packages, err = apt.Packages(root); err != nil {
		return err
	}
	facts.Ledger.Debs = lists.Union(facts.Ledger.Debs, newcomers(*facts))
	facts.Listed, err = apt.Listed(root)
	return err
}

// newcomers gives the packages that came with an installation which was cut off before it could say so. What
// somebody else has installed since then is among them, and is told apart later by apt's marks and by what needs it.
func newcomers(facts state.Facts) []string {
	if len(facts.Ledger.Before) == 0 {
		return nil
	}
	return lists.Without(state.Present(facts.Packages), facts.Ledger.Before)
}

// people fills in accounts and groups.
func people(root files.Root, facts *state.Facts) (err error) {
	if facts.Groups, err = accounts.Groups(root); err != nil {
		return err
	}
	if facts.Accounts, err = accounts.Names(root); err != nil {
		return err
	}
	facts.Admin = accounts.Admin(root, facts.Accounts)
	return nil
}

// system reads os-release(5), which may be in either of two places, and tells whether systemd is
// the init system as sd_booted(3) does.
func system(root files.Root) (state.OS, error) {
	os := state.OS{Arch: arch(runtime.GOARCH), Systemd: root.IsDir("/run/systemd/system")}
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		file, err := root.ReadFollowing(path)
		if err != nil {
			return state.OS{}, err
		}
		if !file.Exists {
			continue
		}
		release := assignments(string(file.Content))
		os.ID, os.Version = release["ID"], release["VERSION_ID"]
		os.Codename, os.Name = release["VERSION_CODENAME"], release["PRETTY_NAME"]
		break
	}
	return os, nil
}

// assignments reads lines of the form NAME=value, NAME="value" or NAME='value'.
func assignments(text string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(name, "#") {
			continue
		}
		found[name] = unquote(value)
	}
	return found
}

func unquote(value string) string {
	if plain, err := strconv.Unquote(value); err == nil && value[0] == '"' {
		return plain
	}
	return strings.Trim(value, `"'`)
}

// arch gives Debian's word for an architecture where it is not Go's word too.
func arch(goarch string) string {
	switch goarch {
	case "386":
		return "i386"
	case "arm":
		return "armhf"
	case "ppc64le":
		return "ppc64el"
	}
	return goarch
}
