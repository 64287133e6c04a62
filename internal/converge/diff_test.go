package converge

import (
	"strings"
	"testing"

	"docker-extension/internal/state"
)

// running is a host on which all is as wanted; each case changes one thing about it.
func running() state.State {
	return state.State{
		Files: map[string]state.File{
			"/etc/docker/daemon.json": {Exists: true, Mode: 0o644, Content: []byte("{}")},
			"/etc/docker/key.pem":     {Exists: true, Mode: 0o600, Content: []byte("key")},
			"/etc/x.d/50-us.conf":     {Exists: true, Mode: 0o644, Content: []byte("listen")},
		},
		Packages: map[string]state.Package{"docker.io": {Installed: true}},
		Units: map[string]state.Unit{
			"docker.service": {Enabled: true, Active: true, Started: "s", Reloaded: "r"},
			"docker.socket":  {Enabled: true, Active: true, Started: "l"},
		},
		Members: map[state.Member]bool{{User: "ada", Group: "docker"}: true},
		Purged:  map[string]bool{},
	}
}

func TestDiff(t *testing.T) {
	for name, c := range map[string]struct {
		want, have func(*state.State)
		check      state.Check
		steps      []string
	}{
		"as wanted": {},
		"fresh host": {
			have: func(s *state.State) { *s = state.State{} },
			steps: []string{
				"certificates: write /etc/docker/key.pem",
				"daemon.json: write /etc/docker/daemon.json",
				"listener: write /etc/x.d/50-us.conf",
				"packages: install docker.io",
				"users: add ada to group docker",
				"at boot: start at boot: docker.service, docker.socket",
				"docker: start docker.socket, docker.service",
				"engine answers: ask the engine on its unix socket",
			},
		},
		"fresh host, and the engine is to approve": {
			have:  func(s *state.State) { *s = state.State{} },
			check: state.Check{Path: "/etc/docker/daemon.json"},
			steps: []string{
				"certificates: write /etc/docker/key.pem",
				"daemon.json: write /etc/docker/daemon.json",
				"listener: write /etc/x.d/50-us.conf",
				"packages: install docker.io",
				"approval: ask the engine whether it takes /etc/docker/daemon.json",
				"users: add ada to group docker",
				"at boot: start at boot: docker.service, docker.socket",
				"docker: start docker.socket, docker.service",
				"engine answers: ask the engine on its unix socket",
			},
		},
		"fresh host with the file already there: an engine that comes is asked all the same": {
			have: func(s *state.State) {
				*s = state.State{Files: s.Files}
			},
			check: state.Check{Path: "/etc/docker/daemon.json", Sure: true},
			steps: []string{
				"packages: install docker.io",
				"approval: ask the engine whether it takes /etc/docker/daemon.json",
				"users: add ada to group docker",
				"at boot: start at boot: docker.service, docker.socket",
				"docker: start docker.socket, docker.service",
				"engine answers: ask the engine on its unix socket",
			},
		},
		"the engine is there, and everything is new to it": {
			have:  func(s *state.State) { s.Files = nil },
			check: state.Check{Path: "/etc/docker/daemon.json"},
			steps: []string{
				"certificates: write /etc/docker/key.pem",
				"approval: ask the engine whether it takes /etc/docker/daemon.json",
				"daemon.json: write /etc/docker/daemon.json",
				"listener: write /etc/x.d/50-us.conf",
			},
		},
		"the engine runs, and only its client is missing": {
			have: func(s *state.State) {
				s.Files, s.Packages = nil, nil
			},
			check: state.Check{Path: "/etc/docker/daemon.json", Units: []string{"docker.service"}},
			steps: []string{
				"certificates: write /etc/docker/key.pem",
				"approval: ask the engine whether it takes /etc/docker/daemon.json",
				"daemon.json: write /etc/docker/daemon.json",
				"listener: write /etc/x.d/50-us.conf",
				"packages: install docker.io",
			},
		},
		"TLS goes: the listener first, the certificates last": {
			want: func(s *state.State) {
				s.Files["/etc/docker/key.pem"], s.Files["/etc/x.d/50-us.conf"] = state.File{}, state.File{}
				s.Files["/etc/docker/daemon.json"] = state.File{Exists: true, Content: []byte(`{"mtu":1}`)}
			},
			check: state.Check{Path: "/etc/docker/daemon.json"},
			steps: []string{
				"approval: ask the engine whether it takes /etc/docker/daemon.json",
				"listener: remove /etc/x.d/50-us.conf",
				"daemon.json: write /etc/docker/daemon.json",
				"certificates: remove /etc/docker/key.pem",
			},
		},
		"reloadable change": {
			want: func(s *state.State) { setUnit(s, "docker.service", func(u *state.Unit) { u.Reloaded = "r2" }) },
			steps: []string{
				"docker: reload docker.service",
				"engine answers: ask the engine on its unix socket",
			},
		},
		"change that needs a restart keeps the socket": {
			want: func(s *state.State) { setUnit(s, "docker.service", func(u *state.Unit) { u.Started = "s2" }) },
			steps: []string{
				"docker: restart docker.service",
				"engine answers: ask the engine on its unix socket",
			},
		},
		"unknown content is read again, live-restore before the restart": {
			have: func(s *state.State) {
				setUnit(s, "docker.service", func(u *state.Unit) { u.Started, u.Reloaded = "", "" })
			},
			steps: []string{
				"docker: reload docker.service",
				"docker: restart docker.service",
				"engine answers: ask the engine on its unix socket",
			},
		},
		"new listener takes the service with it": {
			want: func(s *state.State) { setUnit(s, "docker.socket", func(u *state.Unit) { u.Started = "l2" }) },
			steps: []string{
				"docker: stop docker.socket, docker.service; start docker.socket, docker.service",
				"engine answers: ask the engine on its unix socket",
			},
		},
		"socket that somebody stopped": {
			have: func(s *state.State) { setUnit(s, "docker.socket", func(u *state.Unit) { u.Active = false }) },
			steps: []string{
				"docker: stop docker.service; start docker.socket, docker.service",
				"engine answers: ask the engine on its unix socket",
			},
		},
		"service that crashed": {
			have: func(s *state.State) { setUnit(s, "docker.service", func(u *state.Unit) { u.Active = false }) },
			steps: []string{
				"docker: start docker.service",
				"engine answers: ask the engine on its unix socket",
			},
		},
		"stop: containers are told first, by a reload": {
			want: func(s *state.State) {
				s.Units["docker.service"] = state.Unit{Started: "s", Reloaded: "without live-restore"}
				s.Units["docker.socket"] = state.Unit{Started: "l"}
			},
			steps: []string{
				"at boot: do not start at boot: docker.service, docker.socket",
				"docker: reload docker.service",
				"docker: stop docker.socket, docker.service",
			},
		},
		"hold, release, member, removal, purge": {
			want: func(s *state.State) {
				s.Packages["docker.io"] = state.Package{Installed: true, Held: true}
				s.Packages["docker-cli"] = state.Package{}
				s.Members[state.Member{User: "ada", Group: "docker"}] = false
				s.Files["/etc/docker/key.pem"] = state.File{}
				s.Purged["/var/lib/docker"] = true
			},
			have: func(s *state.State) { s.Packages["docker-cli"] = state.Package{Installed: true, Held: true} },
			steps: []string{
				"certificates: remove /etc/docker/key.pem",
				"hold: release docker-cli",
				"hold: hold docker.io",
				"users: take ada out of group docker",
				"packages: remove docker-cli",
				"data: delete /var/lib/docker",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			goal := state.Goal{Want: running(), Have: running(), Check: c.check}
			if c.want != nil {
				c.want(&goal.Want)
			}
			if c.have != nil {
				c.have(&goal.Have)
			}
			var got []string
			for _, s := range Diff(goal) {
				got = append(got, s.Name()+": "+s.Summary())
			}
			if strings.Join(got, "\n") != strings.Join(c.steps, "\n") {
				t.Errorf("steps:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(c.steps, "\n"))
			}
		})
	}
}

func setUnit(s *state.State, name string, change func(*state.Unit)) {
	u := s.Units[name]
	change(&u)
	s.Units[name] = u
}

// A removal that was interrupted is taken up again.
func TestDiffRemovesWhatIsHalfRemoved(t *testing.T) {
	goal := state.Goal{
		Want: state.State{Packages: map[string]state.Package{"tini": {}, "runc": {}, "gone": {}}},
		Have: state.State{Packages: map[string]state.Package{"tini": {Half: true}, "runc": {Installed: true}}},
	}
	steps := Diff(goal)
	if len(steps) != 1 || steps[0].Summary() != "remove runc, tini" {
		t.Errorf("got %v", steps)
	}
}
