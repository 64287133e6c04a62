package state

import "encoding/json"

// Goal is what one run works towards: the State that is wanted, the State that is there, and what
// the Ledger has to say when the two have become one.
type Goal struct {
	Want State
	Have State

	Owned    []string                   // the files in Want that are ours, not given back
	Daemon   map[string]json.RawMessage // the keys of daemon.json that are ours
	Earlier  map[string]json.RawMessage // the values which those keys had before us
	Endpoint Endpoint
	Proxy    Proxy           // for what has to be fetched
	Pinned   []string        // packages whose version follows the engine's; the engine's comes first
	Named    []string        // the packages that the settings ask for
	Parting  map[string]File // as they have to be while one engine makes way for another
	Notes    []string        // what a person should know although nothing is wrong
}

// Endpoint is where the engine has to answer beside its unix socket. The zero value is nowhere.
type Endpoint struct {
	Port int // TCP port; 0 = no listener
	TLS  bool
}
