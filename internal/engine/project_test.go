package engine

import (
	"maps"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/project"
	"docker-extension/internal/registry"
	"docker-extension/internal/secret"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// blog are settings with a project of two services.
func blog(t *testing.T) settings.Settings {
	t.Helper()
	p, _, faults := project.Read([]byte(`{"db": {"image": "mysql", "environment": ["PW"]}, "web": {"image": "wordpress"}}`), "compose")
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	s := plain()
	s.Compose, s.ProjectName = p, "compose"
	s.Environment = map[string]secret.Secret{"PW": secret.New("hush")}
	return s
}

const (
	pull  = "pull what is missing of mysql, wordpress (each within 30 minutes)"
	raise = "bring up project compose: db, web (within 10 minutes)"
)

func TestProjectOnAFreshHost(t *testing.T) {
	goal, err := Running(blog(t), fresh())
	want := strings.Join([]string{
		"write /etc/docker/daemon.json",
		"write /etc/docker/compose/docker-compose.yml",
		"install docker-cli, docker-compose, docker.io",
		"ask the engine whether it takes /etc/docker/daemon.json",
		"add azureuser to group docker",
		"start at boot: docker.service, docker.socket",
		"start docker.socket, docker.service",
		"ask the engine on its unix socket",
		pull, raise,
	}, "\n")
	if got := steps(t, goal, err); got != want {
		t.Errorf("steps:\n%s\nwant:\n%s", got, want)
	}
	if file := goal.Want.Files[ComposeFile]; file.Mode != 0o600 || strings.Contains(string(file.Content), "hush") {
		t.Errorf("the file has mode %o and is %s", file.Mode, file.Content)
	}
}

func TestProjectAgain(t *testing.T) {
	const first, second = "the first boot", "the second boot"
	up := func(name string) state.Container { return state.Container{Service: name, Running: true} }
	ended := state.Container{Service: "db", Ended: true}
	for name, c := range map[string]struct {
		containers []state.Container
		boot       string
		change     func(*settings.Settings, state.Facts)
		steps      []string
	}{
		"all run":                          {[]state.Container{up("db"), up("web")}, first, nil, nil},
		"all run after a reboot":           {[]state.Container{up("db"), up("web")}, second, nil, nil},
		"several of one service":           {[]state.Container{up("db"), up("web"), up("web")}, first, nil, nil},
		"one has done its work":            {[]state.Container{ended, up("web")}, first, nil, nil},
		"one ended, in an earlier boot":    {[]state.Container{ended, up("web")}, second, nil, []string{pull, raise}},
		"one failed":                       {[]state.Container{{Service: "db"}, up("web")}, first, nil, []string{pull, raise}},
		"one is gone":                      {[]state.Container{up("web")}, first, nil, []string{pull, raise}},
		"the engine was not to be asked":   {nil, first, nil, []string{pull, raise}},
		"a stranger in the project failed": {[]state.Container{up("db"), up("web"), {Service: "debug"}}, first, nil, nil},
		"a new secret": {[]state.Container{up("db"), up("web")}, first, func(s *settings.Settings, _ state.Facts) {
			s.Environment = map[string]secret.Secret{"PW": secret.New("other")}
		}, []string{pull, raise}},
		"the file was changed by hand": {[]state.Container{up("db"), up("web")}, first, func(_ *settings.Settings, f state.Facts) {
			f.Files[ComposeFile] = state.File{Exists: true, Mode: 0o600, Content: []byte("{}")}
		}, []string{"write /etc/docker/compose/docker-compose.yml", pull, raise}},
		"another name": {[]state.Container{up("db"), up("web")}, first, func(s *settings.Settings, _ state.Facts) { s.ProjectName = "shop" },
			[]string{"remove the containers of project compose, not its volumes", pull, strings.Replace(raise, "compose", "shop", 1)}},
		"dropped": {[]state.Container{up("db"), up("web")}, first, func(s *settings.Settings, _ state.Facts) { s.Compose = nil },
			[]string{"remove /etc/docker/compose/docker-compose.yml", "remove the containers of project compose, not its volumes", "remove docker-compose"}},
		"install only": {[]state.Container{up("db"), up("web")}, first, func(s *settings.Settings, _ state.Facts) { s.InstallOnly = true },
			[]string{"remove /etc/docker/daemon.json", "remove /etc/docker/compose/docker-compose.yml", "restart docker.service", "ask the engine on its unix socket",
				"remove the containers of project compose, not its volumes", "remove docker-compose"}},
	} {
		t.Run(name, func(t *testing.T) {
			host := fresh()
			host.Boot = first
			s := blog(t)
			facts := settled(t, s, host)
			facts.Boot, facts.Containers = c.boot, map[string][]state.Container{"compose": c.containers}
			if c.change != nil {
				c.change(&s, facts)
			}
			goal, err := Running(s, facts)
			got := steps(t, goal, err)
			if name == "install only" {
				got = strings.ReplaceAll(got, "reload docker.service\n", "")
			}
			if got != strings.Join(c.steps, "\n") {
				t.Errorf("steps:\n%s\nwant:\n%s", got, strings.Join(c.steps, "\n"))
			}
		})
	}
}

// Who knows a digest but not the key learns nothing; a key of its own makes another digest.
func TestProjectDigestNeedsTheKey(t *testing.T) {
	one, other := fresh(), fresh()
	one.Ledger.Key, other.Ledger.Key = []byte("one"), []byte("other")
	a, errA := Running(blog(t), one)
	b, errB := Running(blog(t), other)
	if errA != nil || errB != nil || a.Want.Projects["compose"].Digest == b.Want.Projects["compose"].Digest {
		t.Errorf("the same digest, errors %v, %v", errA, errB)
	}
}

func TestComposePackage(t *testing.T) {
	ubuntu := fresh()
	ubuntu.OS.ID, ubuntu.OS.Version = "ubuntu", "24.04"
	theirs, ours := fresh(), fresh()
	theirs.Packages["docker-compose"] = state.Package{Installed: true}
	ours.Packages["docker-compose"] = state.Package{Installed: true}
	ours.Ledger.Debs = []string{"docker-compose"}
	for name, c := range map[string]struct {
		engine string
		named  []string
		facts  state.Facts
		want   string
	}{
		"Debian":                           {"docker.io", nil, fresh(), "docker-compose"},
		"Ubuntu":                           {"docker.io", nil, ubuntu, "docker-compose-v2"},
		"Docker's own engine":              {"docker-ce", nil, fresh(), "docker-compose-plugin"},
		"Microsoft's engine":               {"moby-engine", nil, fresh(), "moby-compose"},
		"one that a person has installed":  {"docker-ce", nil, theirs, "docker-compose"},
		"one that came for another engine": {"docker-ce", nil, ours, "docker-compose-plugin"},
		"one that came for this engine":    {"docker.io", nil, ours, "docker-compose"},
		"a mirror that has another":        {"docker-ce", []string{"docker-ce", "docker-compose-v2"}, fresh(), "docker-compose-v2"},
		"a mirror whose list has none":     {"docker-ce", []string{"docker-ce", "containerd.io"}, fresh(), "docker-compose-plugin"},
		"a mirror of the distribution's":   {"docker.io", []string{"docker.io"}, fresh(), "docker-compose"},
	} {
		if got := composePackage(c.engine, c.named, c.facts); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// The compose of the two oldest hosts takes a file without a version for the form of 2015.
func TestFileVersion(t *testing.T) {
	for os, want := range map[state.OS]bool{
		{ID: "debian", Version: "11"}: true, {ID: "debian", Version: "12"}: false,
		{ID: "ubuntu", Version: "20.04"}: true, {ID: "ubuntu", Version: "22.04"}: false,
	} {
		facts := fresh()
		facts.OS.ID, facts.OS.Version = os.ID, os.Version
		goal, err := Running(blog(t), facts)
		if file := string(goal.Want.Files[ComposeFile].Content); err != nil || strings.Contains(file, `"version": "2.4"`) != want {
			t.Errorf("on %s %s the file is %s, error %v", os.ID, os.Version, file, err)
		}
	}
}

// private are settings with an account at a registry.
func private(password string) settings.Settings {
	s := plain()
	s.Logins = []settings.Login{{Server: "r:5000", Username: "robot", Password: secret.New(password)}}
	return s
}

func TestLogins(t *testing.T) {
	const own = `{"auths": {"o": {"auth": "x"}}}`
	host := fresh()
	host.Ledger.Key = []byte("key")
	host.Files[registry.File] = state.File{Exists: true, Mode: 0o640, Content: []byte(own)}
	goal, err := Running(private("one"), host)
	if got := steps(t, goal, err); !strings.HasSuffix(got, "ask the engine on its unix socket\nlog in to r:5000\nwrite /root/.docker/config.json") {
		t.Errorf("steps:\n%s", got)
	}
	if file := goal.Want.Files[registry.File]; file.Mode != 0o600 {
		t.Errorf("mode %o", file.Mode)
	}
	facts := settled(t, private("one"), host)
	goal, err = Running(private("one"), facts)
	if got := steps(t, goal, err); got != "" {
		t.Errorf("again:\n%s", got)
	}
	goal, err = Running(private("two"), facts)
	if got := steps(t, goal, err); got != "log in to r:5000\nwrite /root/.docker/config.json" {
		t.Errorf("another password:\n%s", got)
	}
	for name, aim := range map[string]func() (state.Goal, error){
		"dropped":     func() (state.Goal, error) { return Running(plain(), facts) },
		"uninstalled": func() (state.Goal, error) { return Gone(facts, false) },
	} {
		goal, err = aim()
		if err != nil {
			t.Fatal(err)
		}
		file := goal.Want.Files[registry.File]
		if got := strings.Join(strings.Fields(string(file.Content)), ""); got != `{"auths":{"o":{"auth":"x"}}}` || file.Mode != 0o640 {
			t.Errorf("%s: mode %o, %s", name, file.Mode, got)
		}
	}
}

// Credentials that nobody asked us to touch are not even understood.
func TestCredentialsOfOthersDoNotMatter(t *testing.T) {
	facts := fresh()
	facts.Files[registry.File] = state.File{Exists: true, Mode: 0o600, Content: []byte("broken")}
	if _, err := Running(plain(), facts); err != nil {
		t.Error(err)
	}
	if _, err := Running(private("one"), facts); fault.CodeOf(err) != fault.HostConfig {
		t.Errorf("error %v", err)
	}
	goal, err := Running(private("one"), fresh())
	if err != nil {
		t.Fatal(err)
	}
	facts = fresh()
	facts.Files = maps.Clone(goal.Want.Files)
	facts.Ledger.Files = map[string]state.Found{registry.File: {}}
	facts.Ledger.Entries = goal.Entries
	if goal, err = Running(plain(), facts); err != nil || goal.Want.Files[registry.File].Exists {
		t.Errorf("a file that only we had something in stays: %s, error %v", goal.Want.Files[registry.File].Content, err)
	}
}
