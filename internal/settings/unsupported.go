package settings

import "docker-extension/internal/fault"

// Unsupported gives a fault with code NotSupportedYet for each setting that is right but that this
// version does not act upon. A row goes when the program gets hands for it.
func Unsupported(s Settings) fault.List {
	rows := []struct {
		given bool
		place string
		what  string // this version does not ...
		hint  string
	}{
		{s.Docker.Source.Kind != SourceDistro, PlacePublic("docker.source"), "install from a source other than distro", "remove the key, and the distribution's docker.io is installed"},
		{s.Docker.Version != "", PlacePublic("docker.version"), "pin versions", "remove the key, and the distribution's newest version is installed"},
		{s.Docker.Proxy != Proxy{}, PlacePublic("docker.proxy"), "set up proxies", "remove the key, and set the proxy up on the VM"},
	}
	var faults fault.List
	for _, row := range rows {
		if row.given {
			faults = append(faults, fault.New(fault.NotSupportedYet, row.place, row.hint, "cannot be used yet: this version does not %s", row.what))
		}
	}
	return faults
}
