package engine

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/secret"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// from are settings with a source and perhaps a version.
func from(source settings.Source, version string) settings.Settings {
	s := plain()
	s.Docker.Source, s.Docker.Version = source, version
	s.Docker.Source.Named = true
	return s
}

func dockers() settings.Source { return settings.Source{Kind: settings.SourceDocker} }

func mirror() settings.Source {
	return settings.Source{
		Kind: settings.SourceMirror, URL: "https://m.example.com/docker/", Suite: "trixie", Component: "stable",
		Key: state.Key{Address: "https://m.example.com/key"}, Packages: []string{"docker-ce", "docker-ce-cli", "containerd.io"},
	}
}

// coded is the fresh host with its codename.
func coded() state.Facts {
	facts := fresh()
	facts.OS.Codename = "trixie"
	return facts
}

// supplied is the host after a run: the repository known, its packages installed at that version.
func supplied(t *testing.T, s settings.Settings, before state.Facts, version string, key ...string) state.Facts {
	t.Helper()
	goal, err := Running(s, before)
	if err != nil {
		t.Fatal(err)
	}
	return equipped(before, goal, version, key...)
}

// equipped is the host after a run, with the packages at that version, and with those keys where the
// goal does not say which.
func equipped(before state.Facts, goal state.Goal, version string, key ...string) state.Facts {
	after := obey(before, goal)
	for name, p := range goal.Want.Packages {
		if p.Installed {
			p.Version = version
			after.Packages[name] = p
			continue
		}
		delete(after.Packages, name)
		after.Ledger.Debs = slices.DeleteFunc(after.Ledger.Debs, func(deb string) bool { return deb == name })
	}
	for name, p := range goal.Want.Packages {
		if p.Held && !before.Packages[name].Held {
			after.Ledger.Held = append(after.Ledger.Held, name)
		}
	}
	if r := goal.Want.Source; r.File != "" {
		after.Files[r.File] = state.File{Exists: true, Mode: 0o644, Content: r.Description(r.Keyring)}
		after.Files[r.Keyring] = state.File{Exists: true, Mode: 0o644, Content: []byte(cmp.Or(r.Key.Text, "key"))}
		if r.Key.Fingerprint != "" {
			key = []string{r.Key.Fingerprint}
		}
		after.Keys = map[string]state.KeyFile{r.Keyring: {Fingerprints: key, Fit: true}}
		after.Ledger.Fetched = state.Fetched{Address: r.Key.Address, Fingerprints: key}
	}
	after.Ledger.Choice, after.Ledger.Named = goal.Want.Choice, goal.Named
	return after
}

func TestRepositoryOf(t *testing.T) {
	ubuntu := state.OS{ID: "ubuntu", Version: "24.04", Codename: "noble", Name: "Ubuntu", Arch: "arm64", Systemd: true}
	china := from(dockers(), "")
	china.Cloud = settings.AzureChinaCloud
	open, flat, here := mirror(), mirror(), mirror()
	open.Key, flat.Suite, flat.Component = state.Key{}, "debs/", ""
	here.Suite, here.Component = "./", ""
	for name, c := range map[string]struct {
		settings settings.Settings
		os       state.OS
		want     string
		key      state.Key
	}{
		"Docker's own": {from(dockers(), ""), ubuntu,
			"URIs: https://download.docker.com/linux/ubuntu\nSuites: noble\nComponents: stable\nArchitectures: arm64\nSigned-By: /etc/apt/keyrings/docker.asc\n",
			state.Key{Address: "https://download.docker.com/linux/ubuntu/gpg", Fingerprint: DockerKey}},
		"Docker's own, in China": {china, coded().OS,
			"URIs: https://mirror.azure.cn/docker-ce/linux/debian\nSuites: trixie\nComponents: stable\nArchitectures: amd64\nSigned-By: /etc/apt/keyrings/docker.asc\n",
			state.Key{Address: "https://mirror.azure.cn/docker-ce/linux/debian/gpg", Fingerprint: DockerKey}},
		"a mirror": {from(mirror(), ""), coded().OS,
			"URIs: https://m.example.com/docker\nSuites: trixie\nComponents: stable\nArchitectures: amd64\nSigned-By: /etc/apt/keyrings/docker.asc\n", mirror().Key},
		"a mirror that apt trusts": {from(open, ""), coded().OS,
			"URIs: https://m.example.com/docker\nSuites: trixie\nComponents: stable\nArchitectures: amd64\n", state.Key{}},
		"a flat mirror": {from(flat, ""), coded().OS,
			"URIs: https://m.example.com/docker\nSuites: debs/\nArchitectures: amd64\nSigned-By: /etc/apt/keyrings/docker.asc\n", mirror().Key},
		"a flat mirror at its address": {from(here, ""), coded().OS,
			"URIs: https://m.example.com/docker\nSuites: ./\nArchitectures: amd64\nSigned-By: /etc/apt/keyrings/docker.asc\n", mirror().Key},
	} {
		got, err := repositoryOf(c.settings, c.os)
		_, text, _ := strings.Cut(string(got.Description(got.Keyring)), "Types: deb\n")
		if err != nil || text != c.want || got.Key != c.key {
			t.Errorf("%s: error %v, key %+v\n%s", name, err, got.Key, text)
		}
	}
	nameless := coded().OS
	nameless.Codename = ""
	if _, err := repositoryOf(from(dockers(), ""), nameless); fault.CodeOf(err) != fault.Unsupported {
		t.Errorf("without a codename: %v", err)
	}
}

const tried = "try the repository and write /etc/apt/sources.list.d/docker.sources, /etc/apt/keyrings/docker.asc"

func TestFreshFromDocker(t *testing.T) {
	goal, err := Running(from(dockers(), "26.1"), coded())
	want := strings.Join([]string{
		tried,
		"write /etc/docker/daemon.json",
		"install containerd.io, docker-buildx-plugin, docker-ce, docker-ce-cli, docker-compose-plugin at version 26.1",
		"ask the engine whether it takes /etc/docker/daemon.json",
		"add azureuser to group docker",
		"start at boot: docker.service, docker.socket",
		"start docker.socket, docker.service",
		"ask the engine on its unix socket",
	}, "\n")
	if got := steps(t, goal, err); got != want {
		t.Errorf("steps:\n%s\nwant:\n%s", got, want)
	}
	if !slices.Equal(goal.Pinned, []string{"docker-ce", "docker-ce-cli"}) {
		t.Errorf("pinned are %q", goal.Pinned)
	}
}

// What is done when settings change on a host that came from Docker's repository at 26.1.
func TestChangesOfTheSource(t *testing.T) {
	const version = "5:26.1.4-1~debian.13~trixie"
	all := "install containerd.io, docker-buildx-plugin, docker-ce, docker-ce-cli, docker-compose-plugin"
	move := []string{
		"download docker-cli, docker.io",
		"write /etc/docker/daemon.json", "reload docker.service", "stop docker.socket, docker.service", "write /etc/docker/daemon.json",
		"install docker-cli, docker.io in place of containerd.io, docker-buildx-plugin, docker-ce, docker-ce-cli, docker-compose-plugin", "ask the engine whether it takes /etc/docker/daemon.json",
		"start at boot: docker.service, docker.socket", "start docker.socket, docker.service", "ask the engine on its unix socket",
	}
	up := []string{"start docker.socket, docker.service", "ask the engine on its unix socket"}
	held := from(dockers(), "26.1")
	held.Docker.Hold = true
	for name, c := range map[string]struct {
		before, after settings.Settings
		change        func(*state.Facts)
		steps         []string
	}{
		"nothing":                        {from(dockers(), "26.1"), from(dockers(), "26.1"), nil, nil},
		"a pin on what is there already": {from(dockers(), ""), from(dockers(), "26"), nil, nil},
		"a narrower pin":                 {from(dockers(), "26"), from(dockers(), "26.1.4"), nil, append([]string{all + " at version 26.1.4"}, up...)},
		"a wider pin":                    {from(dockers(), "26.1.4"), from(dockers(), "26"), nil, append([]string{all + " at version 26"}, up...)},
		"another version":                {from(dockers(), "26.1"), from(dockers(), "27"), nil, append([]string{all + " at version 27"}, up...)},
		"the pin is dropped":             {from(dockers(), "26.1"), from(dockers(), ""), nil, append([]string{all}, up...)},
		"an upgrade by somebody else": {from(dockers(), "26.1"), from(dockers(), "26.1"), func(f *state.Facts) {
			f.Packages["docker-ce"] = state.Package{Installed: true, Version: "5:29.7.2-1"}
		}, append([]string{all + " at version 26.1"}, up...)},
		"an upgrade by somebody else, without a pin": {from(dockers(), ""), from(dockers(), ""), func(f *state.Facts) {
			f.Packages["docker-ce"] = state.Package{Installed: true, Version: "5:29.7.2-1"}
		}, nil},
		"an installation that was cut off": {from(dockers(), ""), from(dockers(), ""), func(f *state.Facts) {
			f.Ledger.Choice.Origin = state.UnknownOrigin
		}, append([]string{all}, up...)},
		"another version of packages that we hold": {held, func() settings.Settings { s := held; s.Docker.Version = "27"; return s }(), nil, append([]string{
			"release containerd.io, docker-buildx-plugin, docker-ce, docker-ce-cli, docker-compose-plugin", all + " at version 27",
			"hold containerd.io, docker-buildx-plugin, docker-ce, docker-ce-cli, docker-compose-plugin",
		}, up...)},
		"another key on the disk": {from(dockers(), ""), from(dockers(), ""), func(f *state.Facts) {
			f.Keys[KeyringFile] = state.KeyFile{Fingerprints: []string{"F00"}, Fit: true}
		}, []string{tried}},
		"a second key on the disk": {from(dockers(), ""), from(dockers(), ""), func(f *state.Facts) {
			f.Keys[KeyringFile] = state.KeyFile{Fingerprints: []string{DockerKey, "F00"}, Fit: true}
		}, []string{tried}},
		"an expired key that nobody needs now": {from(dockers(), "26.1"), from(dockers(), "26.1"), func(f *state.Facts) {
			f.Keys[KeyringFile] = state.KeyFile{Fingerprints: []string{DockerKey}}
		}, nil},
		"an expired key that is needed": {from(dockers(), "26.1"), from(dockers(), "27"), func(f *state.Facts) {
			f.Keys[KeyringFile] = state.KeyFile{Fingerprints: []string{DockerKey}}
		}, append([]string{tried, all + " at version 27"}, up...)},
		"an edited description": {from(dockers(), ""), from(dockers(), ""), func(f *state.Facts) {
			f.Files[SourceFile] = state.File{Exists: true, Mode: 0o644, Content: []byte("# off")}
		}, []string{tried}},
		"the same repository in a person's file": {from(dockers(), ""), from(dockers(), ""), func(f *state.Facts) {
			f.Listed = []state.Listed{{File: "/etc/apt/sources.list.d/docker.list", URL: "http://download.docker.com/linux/debian/", Suite: "trixie", Components: []string{"stable", "test"}}}
		}, []string{"remove /etc/apt/keyrings/docker.asc, /etc/apt/sources.list.d/docker.sources"}},
		"another repository in a person's file": {from(dockers(), ""), from(dockers(), ""), func(f *state.Facts) {
			f.Listed = []state.Listed{{File: "/etc/apt/sources.list", URL: "https://download.docker.com/linux/debian", Suite: "bookworm", Components: []string{"stable"}}}
		}, nil},
		"back to the distribution": {from(dockers(), ""), plain(), nil, append([]string{"remove /etc/apt/keyrings/docker.asc, /etc/apt/sources.list.d/docker.sources"}, move...)},
	} {
		t.Run(name, func(t *testing.T) {
			facts := supplied(t, c.before, coded(), version, DockerKey)
			if c.change != nil {
				c.change(&facts)
			}
			goal, err := Running(c.after, facts)
			if got, want := steps(t, goal, err), strings.Join(c.steps, "\n"); got != want {
				t.Errorf("steps:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// A move takes away what came with us and nothing else, and tells that containers stop.
func TestMove(t *testing.T) {
	facts := supplied(t, plain(), coded(), "26.1.5")
	for _, name := range []string{"containerd", "runc", "iptables"} {
		facts.Packages[name] = state.Package{Installed: true, Automatic: true}
		facts.Ledger.Debs = append(facts.Ledger.Debs, name)
	}
	facts.Packages["docker-compose"] = state.Package{Installed: true} // a person's own: apt has to say what becomes of it
	goal, err := Running(from(mirror(), ""), facts)
	got := steps(t, goal, err)
	for _, want := range []string{
		tried + "\ndownload ", "install containerd.io, docker-ce, docker-ce-cli in place of containerd, docker-cli, docker.io, runc\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("steps lack %q:\n%s", want, got)
		}
	}
	if !strings.Contains(string(goal.Parting.File.Content), `"live-restore": false`) {
		t.Errorf("the engine parts with %s", goal.Parting.File.Content)
	}
	if !strings.Contains(strings.Join(goal.Notes, ""), "from the package docker.io to docker-ce: all containers stop") {
		t.Errorf("notes: %q", goal.Notes)
	}
	facts.Units[Service], facts.Units[Socket] = state.UnitFacts{Exists: true}, state.UnitFacts{Exists: true}
	goal, err = Running(from(mirror(), ""), facts)
	if got := steps(t, goal, err); strings.Contains(got, "stop ") || strings.Contains(got, "reload ") {
		t.Errorf("an engine that is stopped already:\n%s", got)
	}
}

func TestMirrorsKeyByItsAddress(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*settings.Settings, *state.Facts)
		again  bool
	}{
		"as it was":       {func(*settings.Settings, *state.Facts) {}, false},
		"another address": {func(s *settings.Settings, _ *state.Facts) { s.Docker.Source.Key.Address += "2" }, true},
		"another key there now": {func(_ *settings.Settings, f *state.Facts) {
			f.Keys[KeyringFile] = state.KeyFile{Fingerprints: []string{"B"}, Fit: true}
		}, true},
		"gone":                             {func(_ *settings.Settings, f *state.Facts) { delete(f.Files, KeyringFile) }, true},
		"its text in place of its address": {func(s *settings.Settings, _ *state.Facts) { s.Docker.Source.Key = state.Key{Text: "key"} }, false},
		"another text":                     {func(s *settings.Settings, _ *state.Facts) { s.Docker.Source.Key = state.Key{Text: "other"} }, true},
	} {
		s := from(mirror(), "")
		facts := supplied(t, s, coded(), "26", "A")
		c.change(&s, &facts)
		goal, err := Running(s, facts)
		if got := steps(t, goal, err); (got == tried) != c.again || !c.again && got != "" {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}

// Somebody else's engine, held packages and repositories are respected, in a sentence that says so.
func TestSourceFaults(t *testing.T) {
	foreign := func(name string) state.Facts {
		facts := coded()
		facts.Packages[name] = state.Package{Installed: true, Version: "5:26.1.4-1"}
		return facts
	}
	held := supplied(t, from(dockers(), ""), coded(), "5:26.1.4-1", DockerKey)
	held.Packages["docker-ce"] = state.Package{Installed: true, Held: true, Version: "5:26.1.4-1"}
	listed := coded()
	listed.Listed = []state.Listed{{File: "/etc/apt/sources.list", URL: "https://download.docker.com/linux/debian", Suite: "trixie", Components: []string{"test"}}}
	distro := from(settings.Source{Kind: settings.SourceDistro}, "")
	for name, c := range map[string]struct {
		settings settings.Settings
		facts    state.Facts
		code     fault.Code
		says     string
	}{
		"docker.io is there, Docker's is named":    {from(dockers(), ""), foreign("docker.io"), fault.SettingsInvalid, "cannot replace the engine of the package docker.io"},
		"docker-ce is there, docker.io is named":   {distro, foreign("docker-ce"), fault.SettingsInvalid, "cannot replace the engine of the package docker-ce"},
		"docker-ce is there, nothing is named":     {plain(), foreign("docker-ce"), fault.OK, ""},
		"docker-ce is there, Docker's is named":    {from(dockers(), ""), foreign("docker-ce"), fault.OK, ""},
		"somebody holds what has to change":        {from(dockers(), "27"), held, fault.HostConfig, "somebody holds it at version 5:26.1.4-1"},
		"somebody holds what need not change":      {from(dockers(), "26"), held, fault.OK, ""},
		"the repository without the component":     {from(dockers(), ""), listed, fault.HostConfig, "without the component stable"},
		"the repository of no concern to a distro": {distro, listed, fault.OK, ""},
	} {
		_, err := Running(c.settings, c.facts)
		if fault.CodeOf(err) != c.code || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A version that is named is named for somebody else's engine as well; without one it is left alone.
func TestVersionOfAForeignEngine(t *testing.T) {
	facts := coded()
	facts.Packages["docker-ce"] = state.Package{Installed: true, Version: "5:26.1.4-1"}
	facts.Packages["docker-ce-cli"] = state.Package{Installed: true, Version: "5:26.1.4-1"}
	for version, want := range map[string]string{"": "", "26": "", "27": "install docker-ce, docker-ce-cli at version 27"} {
		s := plain()
		s.Docker.Version = version
		goal, err := Running(s, facts)
		if got := steps(t, goal, err); strings.Contains(got, "install ") != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%q:\n%s", version, got)
		}
	}
}

func TestProxyFiles(t *testing.T) {
	s := plain()
	s.Docker.Proxy = state.Proxy{HTTP: secret.New("http://u:p%40$`\"\\@proxy:1"), No: "localhost"}
	files := proxyFiles(s)
	env := string(files[ProxyFile].Content)
	if files[ProxyFile].Mode != 0o600 || !strings.Contains(env, "\nHTTP_PROXY=\"http://u:p%40\\$\\`\\\"\\\\@proxy:1\"\nNO_PROXY=\"localhost\"\n") || strings.Contains(env, "HTTPS") {
		t.Errorf("mode %o:\n%s", files[ProxyFile].Mode, env)
	}
	if dropIn := string(files[ServiceDropIn].Content); strings.Contains(dropIn, "proxy:1") {
		t.Errorf("everybody may read:\n%s", dropIn)
	}
	s.InstallOnly = true
	if len(proxyFiles(s)) != 0 || len(proxyFiles(plain())) != 0 {
		t.Error("files without a reason")
	}
}

func TestRunningWithAProxyLater(t *testing.T) {
	s := plain()
	s.Docker.Proxy.HTTP = secret.New("http://proxy:1")
	files := "/etc/docker/docker-extension-proxy.env, /etc/systemd/system/docker.service.d/50-docker-extension.conf"
	goal, err := Running(s, settled(t, plain(), fresh()))
	if got := steps(t, goal, err); got != "write "+files+"\nrestart docker.service\nask the engine on its unix socket" {
		t.Errorf("set:\n%s", got)
	}
	goal, err = Running(plain(), settled(t, s, fresh()))
	if got := steps(t, goal, err); got != "remove "+files+"\nrestart docker.service\nask the engine on its unix socket" {
		t.Errorf("dropped:\n%s", got)
	}
}

// Uninstall of an engine from Docker's repository installs nothing, however it was chosen.
func TestGoneWithASource(t *testing.T) {
	s := from(dockers(), "26")
	s.Docker.Hold = true
	facts := supplied(t, s, coded(), "5:26.1.4-1", DockerKey)
	goal, err := Gone(facts, false)
	got := steps(t, goal, err)
	if strings.Contains(got, "install ") || !strings.Contains(got, "remove /etc/apt/keyrings/docker.asc, /etc/apt/sources.list.d/docker.sources") ||
		!strings.Contains(got, "remove containerd.io, docker-buildx-plugin, docker-ce, docker-ce-cli, docker-compose-plugin") {
		t.Errorf("steps:\n%s", got)
	}
	stopped, err := Stopped(facts)
	if got := steps(t, stopped, err); strings.Contains(got, "install") || stopped.Want.Choice != facts.Ledger.Choice {
		t.Errorf("stopped:\n%s", got)
	}
}
