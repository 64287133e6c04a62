// Package state holds the nouns of this program: what a host should look like, what it looks like,
// and what we remember of it. It is data only. What is wanted and what is there have the same type,
// so that the difference between them is a plain comparison.
package state

import (
	"bytes"
	"io/fs"
)

// State is the part of a host that the extension looks after. What is not named in it is none of
// our business: only the paths, packages, units and members of the wanted State are compared.
type State struct {
	Files    map[string]File    // by absolute path
	Packages map[string]Package // by Debian package name
	Choice   Choice             // what the engine's packages are chosen by
	Source   Repository         // added to those that apt has
	Units    map[string]Unit    // by unit name, "docker.service"
	Members  map[Member]bool    // whether an account is in a group
	Purged   map[string]bool    // directory trees that are gone, data and all (uninstall.purgeData)
	Projects map[string]Project // compose projects by name
	Accounts map[string]Account // accounts at registries, proved to be right, by the registry's name
}

// File is a regular file, or its absence.
type File struct {
	Exists  bool
	Mode    fs.FileMode // permission bits only; owner and group are always root
	Content []byte
}

// Equal tells whether two files have the same existence, mode and content.
func (f File) Equal(other File) bool {
	if !f.Exists || !other.Exists {
		return f.Exists == other.Exists
	}
	return f.Mode == other.Mode && bytes.Equal(f.Content, other.Content)
}

// Unit is a systemd unit. Its digests stand for what it reads: when a digest differs from the
// wanted one, the running unit works from other content than the settings ask for.
type Unit struct {
	Enabled  bool   // starts at boot
	Active   bool   // runs now, or listens, for a socket
	Started  Digest // of everything that it reads at its start only
	Reloaded Digest // of what it reads again at a reload
}

// Digest is the hex SHA-256 of some content. The empty Digest means "not known".
type Digest string

// Member is an account's membership of a group.
type Member struct{ User, Group string }
