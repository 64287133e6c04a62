package engine

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/converge"
	"docker-extension/internal/secret"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// fresh is a Debian 13 without Docker.
func fresh() state.Facts {
	return state.Facts{
		OS:       state.OS{ID: "debian", Version: "13", Name: "Debian GNU/Linux 13 (trixie)", Arch: "amd64", Systemd: true},
		Files:    map[string]state.File{},
		Packages: map[string]state.Package{},
		Units:    map[string]state.UnitFacts{},
		Folders:  map[string]bool{},
		Accounts: map[string]bool{"azureuser": true, "ada": true},
		Admin:    "azureuser",
	}
}

// remote are settings with a listener and certificates.
func remote() settings.Settings {
	s := plain()
	s.Docker.Port = 2376
	s.Certificates = &settings.Certificates{CA: []byte("ca"), Cert: []byte("cert"), Key: secret.New("key")}
	return s
}

func plain() settings.Settings { return settings.Settings{Docker: settings.Docker{TLS: true}} }

// settled gives the host after a run with these settings, as a survey would find it.
func settled(t *testing.T, s settings.Settings, facts state.Facts) state.Facts {
	t.Helper()
	goal, err := Running(s, facts)
	if err != nil {
		t.Fatal(err)
	}
	return obey(facts, goal)
}

// obey is a host that does what is wanted.
func obey(facts state.Facts, goal state.Goal) state.Facts {
	facts.Files = maps.Clone(facts.Files)
	facts.Packages = maps.Clone(facts.Packages)
	facts.Units = maps.Clone(facts.Units)
	l := state.Ledger{Files: map[string]state.Found{}, Units: map[string]state.Loaded{}, Daemon: goal.Daemon, Earlier: goal.Earlier}
	for p, f := range goal.Want.Files {
		before := facts.Files[p]
		facts.Files[p] = f
		if slices.Contains(goal.Owned, p) {
			l.Files[p] = state.Found{Existed: before.Exists, Mode: uint32(before.Mode), Content: before.Content}
			if known, ok := facts.Ledger.Files[p]; ok {
				l.Files[p] = known
			}
		}
	}
	l.Debs, l.Asked = slices.Clone(facts.Ledger.Debs), slices.Clone(facts.Ledger.Asked)
	for name, p := range goal.Want.Packages {
		if p.Installed && !facts.Packages[name].Installed {
			l.Debs, l.Asked = append(l.Debs, name), append(l.Asked, name)
		}
		facts.Packages[name] = p
	}
	for name, u := range goal.Want.Units {
		before := facts.Ledger.Units[name]
		l.Units[name] = state.Loaded{Started: u.Started, Reloaded: u.Reloaded, FoundEnabled: before.FoundEnabled, FoundActive: before.FoundActive}
		facts.Units[name] = state.UnitFacts{Exists: true, Enabled: u.Enabled, Active: u.Active}
	}
	facts.Groups = map[string][]string{}
	for m, in := range goal.Want.Members {
		if in {
			l.Members = append(l.Members, m)
			facts.Groups[m.Group] = append(facts.Groups[m.Group], m.User)
		}
	}
	l.Key, l.Entries = facts.Ledger.Key, goal.Entries
	facts.Containers, l.Projects = raised(goal, facts.Boot)
	facts.Ledger = l
	return facts
}

// raised gives the containers of the projects that are wanted, all running, and what the ledger says.
func raised(goal state.Goal, boot string) (map[string][]state.Container, map[string]state.Raised) {
	containers, known := map[string][]state.Container{}, map[string]state.Raised{}
	for name, p := range goal.Want.Projects {
		if p.Up {
			known[name] = state.Raised{Digest: p.Digest, Boot: boot}
		}
		for service := range p.Services {
			containers[name] = append(containers[name], state.Container{Service: service, Running: true})
		}
	}
	return containers, known
}

func steps(t *testing.T, goal state.Goal, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, s := range converge.Diff(goal) {
		lines = append(lines, s.Summary())
	}
	return strings.Join(lines, "\n")
}

// A Docker that somebody installed, runs, and configured.
func inhabited() state.Facts {
	facts := fresh()
	facts.Packages["docker-ce"] = state.Package{Installed: true}
	facts.Files[DaemonJSON] = state.File{Exists: true, Mode: 0o640, Content: []byte(`{"bip":"10.9.0.1/24","live-restore":false}`)}
	facts.Units[Service] = state.UnitFacts{Exists: true, Enabled: true, Active: true}
	facts.Units[Socket] = state.UnitFacts{Exists: true, Enabled: true, Active: true}
	return facts
}
