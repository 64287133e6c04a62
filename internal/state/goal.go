package state

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
)

// Goal is what one run works towards: the State that is wanted, the State that is there, and what
// the Ledger has to say when the two have become one.
type Goal struct {
	Want State
	Have State

	Owned    []string                   // the files in Want that are ours, not given back
	Late     []string                   // the files that are written when the engine answers and accounts are proved
	Daemon   map[string]json.RawMessage // the values of daemon.json that are ours, by path (dockerd.Merged)
	Found    map[string]json.RawMessage // those of them that are in it now, as far as they are ours
	Earlier  map[string]json.RawMessage // what stood in their places before us
	Entries  map[string]Entry           // the accounts in docker's credentials that are ours
	Boot     string                     // the kernel's name for this boot
	Endpoint Endpoint
	Check    Check
	Proxy    Proxy    // for what has to be fetched
	Pinned   []string // packages whose version follows the engine's; the engine's comes first
	Named    []string // the packages that the settings ask for
	Along    []string // those that came along with our installs, to go with the last package that needs them
	Orphans  []string // those of them that may be left over by an installation in place of others
	Parting  Parting
	Notes    []string // what a person should know although nothing is wrong
}

// Parting is the configuration file of an engine that makes way for another one, and is to stop together
// with its containers. The zero value is none.
type Parting struct {
	Path   string
	File   File
	Daemon map[string]json.RawMessage // the values in it that are ours, as in Goal
}

// Check is a file that the engine itself is to approve of before it reads it. The zero value is none.
type Check struct {
	Path string
	// Units are held back while the engine is installed, so that none starts with a file that it refuses;
	// Fallback is what the files become again, in the order of Paths, when it does refuse.
	Units    []string
	Paths    []string
	Fallback map[string]File
	// Sure says that the engine need not be asked this time: it works with a file that differs from this one
	// in nothing but keys that we judge as strictly as the engine does.
	Sure bool
}

// Endpoint is where the engine has to answer beside its unix socket. The zero value is nowhere.
type Endpoint struct {
	Addresses []netip.AddrPort // of TCP listeners; none = no listener
	TLS       bool             // of all of them
}

// String names the addresses as people do: a port that is open on every address is "port 2376". It is
// empty for the zero value.
func (e Endpoint) String() string {
	names := make([]string, len(e.Addresses))
	for i, a := range e.Addresses {
		names[i] = a.String()
		if a.Addr() == netip.IPv4Unspecified() {
			names[i] = "port " + strconv.Itoa(int(a.Port()))
		}
	}
	return strings.Join(names, " and ")
}
