package engine

import (
	"strconv"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// supportedHosts says in one phrase what CheckHost accepts.
const supportedHosts = "Debian 11 or newer, or Ubuntu 20.04 or newer, with systemd, on amd64 or arm64"

// oldest gives the first release that is supported, by the ID in os-release.
func oldest(id string) (version float64, ok bool) {
	switch id {
	case "debian":
		return 11, true
	case "ubuntu":
		return 20.04, true
	default:
		return 0, false
	}
}

// CheckHost gives a fault with code Unsupported, which names what was found and what is supported,
// unless the extension can work on this operating system.
func CheckHost(os state.OS) error {
	name := strings.TrimSpace(os.Name)
	if name == "" {
		name = "an operating system without a name in /etc/os-release"
	}
	unsupported := func(what string) error {
		return fault.New(fault.Unsupported, "", "use a VM image with "+supportedHosts, "%s is not supported", what)
	}
	first, known := oldest(os.ID)
	version, err := strconv.ParseFloat(os.Version, 64)
	switch {
	case !known:
		return unsupported(name)
	case err != nil && os.Version != "":
		return unsupported(name + " (VERSION_ID " + strconv.Quote(os.Version) + ")")
	case err == nil && version < first:
		return unsupported(name)
	case os.Arch != "amd64" && os.Arch != "arm64":
		return unsupported(name + " on " + os.Arch)
	case !os.Systemd:
		return unsupported(name + " without systemd as its init system")
	}
	return nil
}

// distroPackages gives the packages of the distribution's own engine. Debian split the client off
// in Debian 13; Ubuntu's docker.io still has both.
func distroPackages(os state.OS) []string {
	version, err := strconv.ParseFloat(os.Version, 64)
	if os.ID == "debian" && (err != nil || version >= 13) {
		return []string{"docker.io", "docker-cli"}
	}
	return []string{"docker.io"}
}

// enginePackages are the packages that bring a dockerd, whoever made them.
func enginePackages() []string { return []string{"docker.io", "docker-ce", "moby-engine"} }

// foreignEngine gives the installed package that brings a dockerd which we did not install.
func foreignEngine(facts state.Facts) (name string, ok bool) {
	ours := map[string]bool{}
	for _, name := range facts.Ledger.Debs {
		ours[name] = true
	}
	for _, name := range enginePackages() {
		if facts.Packages[name].Installed && !ours[name] {
			return name, true
		}
	}
	return "", false
}
