package engine

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/converge"
	"docker-extension/internal/fault"
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

func TestRunningOnAFreshHost(t *testing.T) {
	goal, err := Running(remote(), fresh())
	want := strings.Join([]string{
		"write /etc/docker/ca.pem, /etc/docker/cert.pem, /etc/docker/key.pem",
		"write /etc/docker/daemon.json",
		"write /etc/systemd/system/docker.socket.d/50-docker-extension.conf",
		"install docker-cli, docker.io",
		"ask the engine whether it takes /etc/docker/daemon.json",
		"add azureuser to group docker",
		"start at boot: docker.service, docker.socket",
		"start docker.socket, docker.service",
		"ask the engine on its unix socket and, over TLS, on port 2376",
	}, "\n")
	if got := steps(t, goal, err); got != want {
		t.Errorf("steps:\n%s\nwant:\n%s", got, want)
	}
	if mode := goal.Want.Files[KeyFile].Mode; mode != 0o600 {
		t.Errorf("the key has mode %o", mode)
	}
	var daemon map[string]any
	if err := json.Unmarshal(goal.Want.Files[DaemonJSON].Content, &daemon); err != nil {
		t.Fatal(err)
	}
	if daemon["live-restore"] != true || daemon["tlsverify"] != true || daemon["tlskey"] != KeyFile || len(daemon) != 5 {
		t.Errorf("daemon.json is %v", daemon)
	}
}

func TestRunningAgainChangesNothing(t *testing.T) {
	for name, s := range map[string]settings.Settings{"plain": plain(), "remote": remote()} {
		goal, err := Running(s, settled(t, s, fresh()))
		if got := steps(t, goal, err); got != "" {
			t.Errorf("%s: still to do:\n%s", name, got)
		}
	}
}

// The engine is asked about a change of its configuration unless we know all that it could say.
func TestEngineIsAskedWhereItHasASay(t *testing.T) {
	with := func(keys string) settings.Settings {
		s := remote()
		if err := json.Unmarshal([]byte(keys), &s.Docker.Daemon); err != nil {
			t.Fatal(err)
		}
		return s
	}
	tests := []struct {
		name   string
		keys   string
		change func(*state.Facts)
		asked  bool
	}{
		{"label", `{"labels":["a=b"]}`, func(*state.Facts) {}, false},
		{"label and debug", `{"labels":["a=b"],"debug":true}`, func(*state.Facts) {}, false},
		{"label and another key", `{"labels":["a=b"],"mtu":1400}`, func(*state.Facts) {}, true},
		{"a reloadable key", `{"features":{"a":true}}`, func(*state.Facts) {}, true},
		{"the engine does not run", `{"labels":["a=b"]}`, func(f *state.Facts) {
			unit := f.Units[Service]
			unit.Active = false
			f.Units[Service] = unit
		}, true},
		{"a person changed the file since", `{"labels":["a=b"]}`, func(f *state.Facts) {
			file := f.Files[DaemonJSON]
			file.Content = []byte(strings.Replace(string(file.Content), "{", `{"mtu":1400,`, 1))
			f.Files[DaemonJSON] = file
		}, true},
	}
	for _, test := range tests {
		facts := settled(t, remote(), fresh())
		test.change(&facts)
		goal, err := Running(with(test.keys), facts)
		if asked := strings.Contains(steps(t, goal, err), "ask the engine whether"); asked != test.asked {
			t.Errorf("%s: asked %v, want %v", test.name, asked, test.asked)
		}
	}
}

func TestRunningAfterAChange(t *testing.T) {
	labelled, elsewhere, rotated := remote(), remote(), remote()
	labelled.Docker.Daemon = map[string]json.RawMessage{"labels": json.RawMessage(`["a=b"]`)}
	elsewhere.Docker.Port = 2377
	unlabelled := remote()
	rotated.Certificates = &settings.Certificates{CA: []byte("ca"), Cert: []byte("cert2"), Key: secret.New("key2")}
	for name, c := range map[string]struct {
		settings settings.Settings
		steps    []string
	}{
		"label": {labelled, []string{
			"write /etc/docker/daemon.json", "reload docker.service",
			"ask the engine on its unix socket and, over TLS, on port 2376",
		}},
		"port": {elsewhere, []string{
			"write /etc/systemd/system/docker.socket.d/50-docker-extension.conf",
			"stop docker.socket, docker.service; start docker.socket, docker.service",
			"ask the engine on its unix socket and, over TLS, on port 2377",
		}},
		"certificates": {rotated, []string{
			"write /etc/docker/cert.pem, /etc/docker/key.pem", "restart docker.service",
			"ask the engine on its unix socket and, over TLS, on port 2376",
		}},
		"label dropped: the engine forgets it at a restart only": {unlabelled, []string{
			"write /etc/docker/daemon.json", "reload docker.service", "restart docker.service",
			"ask the engine on its unix socket and, over TLS, on port 2376",
		}},
		"all dropped": {plain(), []string{
			"ask the engine whether it takes /etc/docker/daemon.json",
			"remove /etc/systemd/system/docker.socket.d/50-docker-extension.conf",
			"write /etc/docker/daemon.json",
			"remove /etc/docker/ca.pem, /etc/docker/cert.pem, /etc/docker/key.pem",
			"stop docker.socket, docker.service; start docker.socket, docker.service",
			"ask the engine on its unix socket",
		}},
	} {
		before := remote()
		if strings.HasPrefix(name, "label dropped") {
			before = labelled
		}
		goal, err := Running(c.settings, settled(t, before, fresh()))
		if got, want := steps(t, goal, err), strings.Join(c.steps, "\n"); got != want {
			t.Errorf("%s:\n%s\nwant:\n%s", name, got, want)
		}
	}
}

func TestRunningHealsWhatACrashLeft(t *testing.T) {
	facts := settled(t, remote(), fresh())
	loaded := facts.Ledger.Units[Service]
	loaded.Started = "what the engine had read before the certificates were rotated"
	facts.Ledger.Units[Service] = loaded
	goal, err := Running(remote(), facts)
	if got := steps(t, goal, err); !strings.Contains(got, "\nrestart docker.service\n") {
		t.Errorf("steps:\n%s", got)
	}
}

// An engine that reads its configuration again keeps what it had for a key that is gone, or empty.
func TestRunningAfterAKeyWasDroppedOrEmptied(t *testing.T) {
	with := func(keys string) settings.Settings {
		s := plain()
		if err := json.Unmarshal([]byte(keys), &s.Docker.Daemon); err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, test := range []struct {
		before, after string
		restart       bool
	}{
		{`{"default-ipc-mode":"shareable"}`, `{"default-ipc-mode":"private"}`, false},
		{`{"default-ipc-mode":"shareable"}`, `{}`, true},
		{`{"default-ipc-mode":"shareable"}`, `{"default-ipc-mode":""}`, true},
		{`{"default-ipc-mode":""}`, `{}`, false},
		{`{"default-ipc-mode":""}`, `{"default-ipc-mode":""}`, false},
		{`{"default-ipc-mode":""}`, `{"default-ipc-mode":"shareable"}`, false},
	} {
		goal, err := Running(with(test.after), settled(t, with(test.before), fresh()))
		if got := steps(t, goal, err); strings.Contains(got, "restart docker.service") != test.restart {
			t.Errorf("%s, then %s: restart wanted %v:\n%s", test.before, test.after, test.restart, got)
		}
	}
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

func TestRunningRespectsAnEngineThatWasThere(t *testing.T) {
	goal, err := Running(plain(), inhabited())
	if got := steps(t, goal, err); got != "add azureuser to group docker" {
		t.Errorf("steps:\n%s", got)
	}
	if len(goal.Notes) != 1 || !strings.Contains(goal.Notes[0], "docker-ce") {
		t.Errorf("notes %q", goal.Notes)
	}
}

func TestStoppedTellsTheEngineFirst(t *testing.T) {
	facts := settled(t, remote(), fresh())
	goal, err := Stopped(facts)
	want := strings.Join([]string{
		"write /etc/docker/daemon.json",
		"do not start at boot: docker.service, docker.socket",
		"reload docker.service",
		"stop docker.socket, docker.service",
	}, "\n")
	if got := steps(t, goal, err); got != want {
		t.Errorf("steps:\n%s\nwant:\n%s", got, want)
	}
	stopped := obey(facts, goal)
	goal, err = Stopped(stopped)
	if got := steps(t, goal, err); got != "" {
		t.Errorf("second time:\n%s", got)
	}
	goal, err = Running(remote(), stopped)
	if got := steps(t, goal, err); !strings.Contains(got, "start docker.socket, docker.service") {
		t.Errorf("enabled again:\n%s", got)
	}
}

func TestStoppedWithoutAnEngine(t *testing.T) {
	goal, err := Stopped(fresh())
	if got := steps(t, goal, err); got != "" {
		t.Errorf("steps:\n%s", got)
	}
}

func TestUsers(t *testing.T) {
	ada := plain()
	ada.Docker.Users, ada.Docker.UsersSet = []string{"ada"}, true
	nobody := plain()
	nobody.Docker.UsersSet = true
	stranger := plain()
	stranger.Docker.Users, stranger.Docker.UsersSet = []string{"ada", "bob"}, true

	facts := settled(t, ada, fresh())
	goal, err := Running(nobody, facts)
	if got := steps(t, goal, err); got != "take ada out of group docker" {
		t.Errorf("dropped user:\n%s", got)
	}
	if _, err := Running(stranger, fresh()); err == nil || !strings.Contains(err.Error(), "publicSettings.docker.users[1]") {
		t.Errorf("unknown user: %v", err)
	}
}

func TestSwarmHasNoLiveRestore(t *testing.T) {
	facts := fresh()
	facts.Swarm = true
	goal, err := Running(plain(), facts)
	if err != nil || goal.Want.Files[DaemonJSON].Exists {
		t.Errorf("daemon.json %q, error %v", goal.Want.Files[DaemonJSON].Content, err)
	}
}

// An engine answers without containerd, and starts no container: it is started, and no more.
func TestContainerdIsStarted(t *testing.T) {
	for _, test := range []struct {
		name  string
		found state.UnitFacts
		want  bool
	}{
		{"not there", state.UnitFacts{}, false},
		{"running", state.UnitFacts{Exists: true, Active: true}, false},
		{"stopped", state.UnitFacts{Exists: true, Enabled: true}, true},
		{"masked, since the engine has one of its own", state.UnitFacts{Exists: true, Masked: true}, false},
	} {
		facts := fresh()
		facts.Units[Containerd] = test.found
		goal, err := Running(plain(), facts)
		if err != nil {
			t.Fatal(err)
		}
		if unit, wanted := goal.Want.Units[Containerd]; wanted != test.want || wanted && (!unit.Active || unit.Enabled != test.found.Enabled) {
			t.Errorf("%s: wanted %v: %+v", test.name, wanted, unit)
		}
	}
}

func TestMaskedUnitIsAFault(t *testing.T) {
	facts := inhabited()
	facts.Units[Service] = state.UnitFacts{Exists: true, Masked: true}
	if _, err := Running(plain(), facts); fault.CodeOf(err) != fault.HostConfig || !strings.Contains(err.Error(), Service) {
		t.Errorf("error %v", err)
	}
}

func TestInstallOnlyLeavesTheConfigurationAlone(t *testing.T) {
	s := remote()
	s.InstallOnly = true
	goal, err := Running(s, fresh())
	got := steps(t, goal, err)
	if strings.Contains(got, "write") || !strings.Contains(got, "install docker-cli, docker.io") {
		t.Errorf("steps:\n%s", got)
	}
}

func TestHold(t *testing.T) {
	held := plain()
	held.Docker.Hold = true
	facts := settled(t, plain(), fresh())
	goal, err := Running(held, facts)
	if got := steps(t, goal, err); got != "hold docker-cli, docker.io" {
		t.Errorf("hold:\n%s", got)
	}
	facts = settled(t, held, facts)
	facts.Ledger.Held = []string{"docker-cli", "docker.io"}
	goal, err = Running(plain(), facts)
	if got := steps(t, goal, err); got != "release docker-cli, docker.io" {
		t.Errorf("release:\n%s", got)
	}
	facts.Ledger.Held = nil
	goal, err = Running(plain(), facts)
	if got := steps(t, goal, err); got != "" {
		t.Errorf("a person's own hold:\n%s", got)
	}
}

func TestCheckHost(t *testing.T) {
	for name, c := range map[string]struct {
		os   state.OS
		want string // part of the error; "" = supported
	}{
		"Debian 11":        {state.OS{ID: "debian", Version: "11", Arch: "amd64", Systemd: true}, ""},
		"Debian testing":   {state.OS{ID: "debian", Arch: "arm64", Systemd: true}, ""},
		"Ubuntu 24.04":     {state.OS{ID: "ubuntu", Version: "24.04", Arch: "arm64", Systemd: true}, ""},
		"Debian 10":        {state.OS{ID: "debian", Version: "10", Name: "Debian GNU/Linux 10 (buster)", Arch: "amd64", Systemd: true}, "Debian GNU/Linux 10 (buster)"},
		"Ubuntu 18.04":     {state.OS{ID: "ubuntu", Version: "18.04", Name: "Ubuntu 18.04", Arch: "amd64", Systemd: true}, "Ubuntu 18.04"},
		"Red Hat":          {state.OS{ID: "rhel", Version: "9", Name: "RHEL 9", Arch: "amd64", Systemd: true}, "RHEL 9"},
		"32 bit":           {state.OS{ID: "debian", Version: "12", Name: "Debian 12", Arch: "386", Systemd: true}, "on 386"},
		"without systemd":  {state.OS{ID: "debian", Version: "12", Name: "Debian 12", Arch: "amd64"}, "without systemd"},
		"no os-release":    {state.OS{Arch: "amd64", Systemd: true}, "without a name"},
		"nonsense version": {state.OS{ID: "debian", Version: "twelve", Name: "Debian", Arch: "amd64", Systemd: true}, "twelve"},
	} {
		err := CheckHost(c.os)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (fault.CodeOf(err) != fault.Unsupported || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// Where live-restore leaves with our configuration, containers stop, and the status says so.
func TestContainersThatDoNotOutliveARestart(t *testing.T) {
	only, off := plain(), plain()
	only.InstallOnly = true
	off.Docker.Daemon = map[string]json.RawMessage{"live-restore": json.RawMessage("false")}
	ran := settled(t, plain(), fresh())
	swarm, stopped := ran, settled(t, plain(), fresh())
	swarm.Swarm = true
	stopped.Units[Service] = state.UnitFacts{Exists: true}
	for name, c := range map[string]struct {
		settings settings.Settings
		facts    state.Facts
		said     bool
	}{
		"installonly":                        {only, ran, true},
		"a swarm":                            {plain(), swarm, true},
		"the engine does not run":            {only, stopped, false},
		"installonly on a fresh host":        {only, fresh(), false},
		"installonly again":                  {only, settled(t, only, ran), false},
		"live-restore is a person's":         {only, inhabited(), false},
		"nothing changes":                    {plain(), ran, false},
		"switched off, for the next restart": {off, ran, false},
	} {
		goal, err := Running(c.settings, c.facts)
		if said := strings.Contains(strings.Join(goal.Notes, "\n"), "all containers stop"); err != nil || said != c.said {
			t.Errorf("%s: notes %q, error %v", name, goal.Notes, err)
		}
	}
}
