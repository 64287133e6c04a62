package engine

import (
	"docker-extension/internal/registry"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// logins is everything that the accounts at registries come to.
type logins struct {
	wanted   map[string]state.Account
	ours     map[string]state.File // docker's credentials with accounts of ours in it
	returned map[string]state.File // the same without, if there were any
	entries  map[string]state.Entry
	notes    []string
}

// loginsOf gives the accounts that the settings ask for, and docker's credentials with them. A host
// where there are none, and were none, has credentials that are not our business: nobody reads them.
func loginsOf(s settings.Settings, facts state.Facts) (logins, error) {
	_, known := facts.Ledger.Files[registry.File]
	if len(s.Logins) == 0 && !known {
		return logins{}, nil
	}
	var accounts []state.Account
	l := logins{wanted: map[string]state.Account{}}
	for _, login := range s.Logins {
		a := state.Account{Server: login.Server, Username: login.Username, Password: login.Password}
		a.Digest = registry.Seal(facts.Ledger.Key, a)
		accounts = append(accounts, a)
		l.wanted[a.Server] = a
	}
	merged, err := registry.Merge(facts.Files[registry.File].Content, facts.Ledger.Entries, accounts, facts.Ledger.Key)
	if err != nil {
		return logins{}, err
	}
	l.entries = merged.Entries
	for server, entry := range l.entries {
		entry.Verified = l.wanted[server].Digest
		l.entries[server] = entry
	}
	if len(accounts) == 0 {
		l.returned = map[string]state.File{registry.File: credentialsGivenBack(merged, facts)}
		return l, nil
	}
	l.ours = map[string]state.File{registry.File: {Exists: true, Mode: 0o600, Content: merged.Content}}
	if merged.Helper {
		l.notes = []string{registry.File + " names a credential helper: docker asks it first, and may not see the accounts in login"}
	}
	return l, nil
}

// credentialsGivenBack gives docker's credentials without our accounts: the file that was there, or none
// if only we had something in it.
func credentialsGivenBack(merged registry.Merged, facts state.Facts) state.File {
	found := facts.Ledger.Files[registry.File]
	switch {
	case !facts.Files[registry.File].Exists, merged.Empty && !found.Existed:
		return state.File{}
	case found.Existed:
		return state.File{Exists: true, Mode: fileMode(found.Mode), Content: merged.Content}
	default:
		return state.File{Exists: true, Mode: 0o600, Content: merged.Content}
	}
}

// proved gives the accounts that a registry has taken.
func proved(ledger state.Ledger) map[string]state.Account {
	all := map[string]state.Account{}
	for server, entry := range ledger.Entries {
		all[server] = state.Account{Server: server, Digest: entry.Verified}
	}
	return all
}
