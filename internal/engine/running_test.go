package engine

import (
	"encoding/json"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/secret"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

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

func TestRunningRespectsAnEngineThatWasThere(t *testing.T) {
	goal, err := Running(plain(), inhabited())
	if got := steps(t, goal, err); got != "add azureuser to group docker" {
		t.Errorf("steps:\n%s", got)
	}
	if len(goal.Notes) != 1 || !strings.Contains(goal.Notes[0], "docker-ce") {
		t.Errorf("notes %q", goal.Notes)
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
