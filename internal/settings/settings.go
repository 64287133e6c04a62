// Package settings reads what a person asked for: the public and the protected settings of the
// extension. It checks them against two JSON Schemas and against each other, says everything that
// is wrong at once, and gives a Settings value that the pure rooms can trust. It touches nothing:
// bytes and a clock go in, Settings or a fault.List comes out.
package settings

import (
	"encoding/json"
	"net/netip"
	"time"

	"docker-extension/internal/project"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// Settings is everything that a person asked for, checked and with defaults filled in. The zero
// value is not a default: Parse of nothing is.
type Settings struct {
	Docker Docker

	Compose            *project.Project         // the containers to run; nil if none
	ProjectName        string                   // of Compose
	ComposeEnvironment map[string]string        // public variables for compose
	Environment        map[string]secret.Secret // secret variables for compose; they win over the public ones
	Logins             []Login                  // registries to log in to, in the order given

	Certificates *Certificates // of the remote API; nil if none were sent

	Cloud       Cloud // which Azure the VM runs in
	PurgeData   bool  // uninstall also deletes images, containers and volumes
	InstallOnly bool  // install the engine and leave its configuration alone (a key of 2014)

	// Notes are plain sentences about settings that work but deserve a word: old keys, certificates
	// without names, an open port. They belong in the status.
	Notes []string
}

// Docker is the public key "docker": the engine itself.
type Docker struct {
	Port    int              // docker.port, on every address: 1 to 65535; 0 if it is not there
	Hosts   []netip.AddrPort // the TCP addresses of --host; they say more exactly where docker.port is
	TLS     bool             // clients of TCP must show a certificate; true unless the settings say false
	Options []string
	Daemon  map[string]json.RawMessage // keys for daemon.json, values untouched

	Source  Source
	Version string // the version to pin, or its beginning; "" for the newest
	Hold    bool   // keep the packages from unattended upgrades

	Wait time.Duration // for others, in all: 0 if nothing is said of it, less than 0 for no waiting

	Users    []string // accounts for the group docker; meaningful only with UsersSet
	UsersSet bool     // false: the default account; true with no Users: nobody

	Proxy state.Proxy // of the engine, and of what the extension fetches
}

// Listeners gives the TCP addresses on which the engine is to listen; none for the unix socket alone.
func (d Docker) Listeners() []netip.AddrPort {
	if len(d.Hosts) > 0 || d.Port == 0 {
		return d.Hosts
	}
	return []netip.AddrPort{netip.AddrPortFrom(netip.IPv4Unspecified(), uint16(d.Port))} // #nosec G115 -- the schema allows 1 to 65535
}

// Source tells where the engine's packages come from.
type Source struct {
	Kind  SourceKind
	Named bool // the settings say so; without it an engine that is there already is as good

	// Only for SourceMirror. URL, Suite and Component are as in a line of sources.list, the last one
	// empty for a flat repository. Packages are the engine's packages there; none: those of Docker.
	URL, Suite, Component string
	Key                   state.Key // zero if apt's own trusted keys have it
	Packages              []string
}

// SourceKind is one of the three kinds of Source.
type SourceKind string

// The kinds of Source.
const (
	SourceDistro SourceKind = "distro" // the distribution's own docker.io
	SourceDocker SourceKind = "docker" // Docker's repository
	SourceMirror SourceKind = "mirror" // a repository given by its address
)

// Cloud is the Azure that the VM runs in, in the words of `az cloud list`.
type Cloud string

// The clouds.
const (
	AzureCloud        Cloud = "AzureCloud"
	AzureChinaCloud   Cloud = "AzureChinaCloud"
	AzureUSGovernment Cloud = "AzureUSGovernment"
)

// Login is an account at a registry.
type Login struct {
	Server   string // as docker names it: host and port, or registry.Hub
	Username string
	Password secret.Secret
}

// Certificates are what the remote API needs, parsed, matched and written out again: PEM blocks
// only, in the order they were sent, lines ending in LF.
type Certificates struct {
	CA   []byte // the authorities that the clients' certificates must come from
	Cert []byte // the server's certificate, and intermediates if they were sent
	Key  secret.Secret

	NotAfter time.Time // when the first certificate of the chain in use ends
	Names    []string  // DNS names and addresses that the server's certificate is good for
}

// Options is what Parse needs to know besides the settings themselves.
type Options struct {
	Now time.Time // for the dates of certificates
}
