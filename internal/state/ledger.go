package state

import "encoding/json"

// LedgerFormat is the format of the ledger that this program writes. An older program refuses a newer
// format, and a newer program reads the older ones.
const LedgerFormat = 1

// Ledger is our memory: what we own on this host and what we found there before. It is what makes
// "remove what is ours, give back what was there" possible, and what heals a crash between a file's
// write and the engine's restart: the digests in it are those of the last good start. It lives in
// /var/lib/docker-extension/ledger.json; the zero value is a host that we have not touched.
type Ledger struct {
	Format  int                        `json:"format"`            // of this file: LedgerFormat
	Files   map[string]Found           `json:"files,omitempty"`   // every file that we wrote
	Daemon  map[string]json.RawMessage `json:"daemon,omitempty"`  // values of daemon.json, by path, as we last wrote them
	Pending map[string]json.RawMessage `json:"pending"`           // those of a run that has not come to its end; null if there is none
	Earlier map[string]json.RawMessage `json:"earlier,omitempty"` // what stood in the places of both before
	Backup  *Backup                    `json:"backup,omitempty"`  // of the engine that ran before a change that has not come to its end
	Debs    []string                   `json:"debs,omitempty"`    // packages that came with our installs
	Before  []string                   `json:"before,omitempty"`  // packages that were there before an installation that has not come to its end
	Asked   []string                   `json:"asked,omitempty"`   // those of Debs that apt has as wanted by somebody because of us: we asked for them by name, or were about to remove them
	Held    []string                   `json:"held,omitempty"`    // packages that we hold
	Choice  Choice                     `json:"choice,omitzero"`   // what the last good installation was chosen by
	Named   []string                   `json:"named,omitempty"`   // the packages that it was asked for
	Fetched Fetched                    `json:"fetched,omitzero"`  // what stands in the repository's keyring
	Members []Member                   `json:"members,omitempty"` // memberships that we made
	Units   map[string]Loaded          `json:"units,omitempty"`

	Key      []byte            `json:"key,omitempty"`      // random; without it nobody can try out guesses on the digests of secrets
	Projects map[string]Raised `json:"projects,omitempty"` // compose projects that we brought up, by name
	Entries  map[string]Entry  `json:"entries,omitempty"`  // accounts in docker's credentials that are ours, by registry
}

// Backup is what an engine runs with while it is being changed.
type Backup struct {
	Files  map[string]Found           `json:"files,omitempty"`
	Daemon map[string]json.RawMessage `json:"daemon,omitempty"` // what of daemon.json among them is ours
}

// Raised is a compose project as it was last brought up; an empty digest if that did not end well.
type Raised struct {
	Digest Digest `json:"digest,omitempty"`
	Boot   string `json:"boot,omitempty"` // the kernel's name for the boot in which that was
}

// Entry is one account in docker's credentials. The secret itself is not in it.
type Entry struct {
	Written  []Digest        `json:"written,omitempty"`  // what we wrote, or were about to write
	Verified Digest          `json:"verified,omitempty"` // what the registry took
	Earlier  json.RawMessage `json:"earlier,omitempty"`  // the entry that was there before us
}

// Found is what stood at a path before we first wrote there.
type Found struct {
	Existed bool   `json:"existed"`
	Mode    uint32 `json:"mode,omitempty"`
	Content []byte `json:"content,omitempty"`
}

// Loaded is what a unit read at its last good start or reload, and how we found it.
type Loaded struct {
	Started  Digest `json:"started,omitempty"`
	Reloaded Digest `json:"reloaded,omitempty"`

	FoundEnabled bool `json:"foundEnabled,omitempty"`
	FoundActive  bool `json:"foundActive,omitempty"`
}
