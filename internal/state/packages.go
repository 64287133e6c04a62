package state

import (
	"strings"

	"docker-extension/internal/secret"
)

// Package is what dpkg knows of a package.
type Package struct {
	Installed bool   // "install ok installed": unpacked and configured, nothing less
	Half      bool   // neither in nor out: dpkg was interrupted in an installation or a removal
	Held      bool   // apt leaves it at its version (apt-mark hold)
	Automatic bool   // apt brought it because another needed it, and nobody has asked for it since (apt-mark showauto)
	Version   string // in dpkg's words, with epoch and revision; "" where only the rest matters
}

// VersionFits tells whether a version of a package is the wanted one, or begins like it. The epoch
// need not be named, and numbers count as a whole: 26.1 fits 5:26.1.4-1 and not 26.10.0.
func VersionFits(version, wanted string) bool {
	_, bare, hasEpoch := strings.Cut(version, ":")
	return begins(version, wanted) || hasEpoch && begins(bare, wanted)
}

func begins(version, wanted string) bool {
	rest, ok := strings.CutPrefix(version, wanted)
	if !ok || rest == "" || wanted == "" {
		return ok
	}
	return !digit(rest[0]) || !digit(wanted[len(wanted)-1])
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

// Choice is what the engine's packages were chosen by when they were last installed. The zero value
// is the newest that the host's own sources have.
type Choice struct {
	Origin  string `json:"origin,omitempty"`  // the repository that was added for them; "" = none
	Version string `json:"version,omitempty"` // how their version begins; "" = the newest
}

// UnknownOrigin is the Origin of packages whose installation was cut off.
const UnknownOrigin = "unknown"

// Repository is a package repository that apt is to know, and the key that it is signed with. The
// zero value is none.
type Repository struct {
	File    string // of its description, below /etc/apt/sources.list.d
	Keyring string // the file of its key; "" if apt's own trusted keys have it

	URL, Suite, Component string // as in sources.list(5); Component is empty for a flat repository
	Arch                  string
	Key                   Key
}

// Key tells where the key of a repository comes from, and which one it has to be.
type Key struct {
	Address     string // https, http or file; "" if Text has it
	Text        string // the key itself, armoured
	Fingerprint string // upper-case hexadecimal digits; "" for any key at that address
}

// Origin names the repository in a Choice.
func (r Repository) Origin() string {
	return strings.TrimSpace(strings.Join([]string{r.URL, r.Suite, r.Component}, " "))
}

// Description gives the content of the repository's file (sources.list(5), deb822), with the key in
// the given file.
func (r Repository) Description(keyring string) []byte {
	text := "# Written by the Docker VM extension from docker.source in its settings; changes here are overwritten.\n" +
		"Types: deb\nURIs: " + r.URL + "\nSuites: " + r.Suite + "\n"
	if r.Component != "" {
		text += "Components: " + r.Component + "\n"
	}
	text += "Architectures: " + r.Arch + "\n"
	if keyring != "" {
		text += "Signed-By: " + keyring + "\n"
	}
	return []byte(text)
}

// Fetched is a key that was taken from an address, where the settings do not say which one it has to be.
type Fetched struct {
	Address      string   `json:"address,omitempty"`
	Fingerprints []string `json:"fingerprints,omitempty"` // of the keys that were there
}

// Listed is a repository in one of apt's source files.
type Listed struct {
	File       string
	URL, Suite string
	Components []string
}

// Proxy is how the outside is reached; the zero value is the direct way. The addresses may carry a
// password.
type Proxy struct {
	HTTP, HTTPS secret.Secret
	No          string // hosts, domains and networks that are reached directly, divided by commas
}

// Installation is one call of the package manager.
type Installation struct {
	Packages []string
	Pinned   []string // those that have one version with the engine; the engine's comes first
	Version  string   // how that version begins; "" for the newest
	Instead  []string // packages that make way in the same transaction; they are removed, never purged
	Careful  bool     // nothing may be removed that is not in Instead
	Fetched  bool     // package lists are up to date and packages are downloaded
	Proxy    Proxy
}
