package state

import "slices"

// Facts is one look at the host, taken without starting a process and without asking systemd:
// everything that the pure rooms need for their decisions. Nothing is looked at twice in a run.
type Facts struct {
	OS       OS
	Files    map[string]File      // every path that we may own, also where there is no such file
	Packages map[string]Package   // every package that dpkg knows
	Units    map[string]UnitFacts // docker.service, docker.socket
	Folders  map[string]bool      // which of the engine's data folders hold anything
	Groups   map[string][]string  // members of each group, as /etc/group lists them
	Accounts map[string]bool      // the names in /etc/passwd
	Admin    string               // the account that the platform provisioned; "" if it cannot be found
	Swarm    bool                 // the engine is part of a swarm, where live-restore is not allowed
	Rival    Rival                // an engine beside ours
	Boot     string               // the kernel's name for this boot
	Listed   []Listed             // the repositories that apt knows
	Keys     map[string]KeyFile   // every keyring that we may own and that is there
	Ledger   Ledger
	CutOff   bool // a write of the ledger, or of the record of the last run, was: its temporary file is there

	// Containers are those of the projects in the ledger, by project. They are asked from the engine,
	// so they are there only if it runs and the verb wants to know.
	Containers map[string][]Container
}

// Present gives the names of the packages that are there, whole or half, sorted.
func Present(packages map[string]Package) []string {
	var names []string
	for name, p := range packages {
		if p.Installed || p.Half {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// SnapService is the unit of the engine in the snap docker.
const SnapService = "snap.docker.dockerd.service"

// Rival is an engine that somebody runs elsewhere than in docker.service. The zero value is none.
type Rival struct {
	Unit    string // "" for a process of no unit
	Process int    // 0 where only its unit is known
}

// KeyFile is what a keyring holds.
type KeyFile struct {
	Fingerprints []string
	Fit          bool // at least one of the keys is neither expired nor revoked
}

// OS is what os-release says, and the machine's architecture in Debian's word for it.
type OS struct {
	ID       string // "debian", "ubuntu"
	Version  string // VERSION_ID: "12", "24.04"
	Codename string // "bookworm"
	Name     string // PRETTY_NAME, for people
	Arch     string // "amd64", "arm64"
	Systemd  bool   // systemd is the init system
}

// UnitFacts is what files tell about a unit.
type UnitFacts struct {
	Exists  bool
	Masked  bool
	Enabled bool
	Active  bool
}
