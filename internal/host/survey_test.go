package host

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// tree makes a root with these files; a content that begins with "-> " is the target of a link.
func tree(t *testing.T, content map[string]string) files.Root {
	t.Helper()
	dir := t.TempDir()
	for path, text := range content {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if len(text) > 3 && text[:3] == "-> " {
			err = os.Symlink(text[3:], full)
		} else {
			err = os.WriteFile(full, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return files.New(dir)
}

func TestSurveyOfAHost(t *testing.T) {
	root := tree(t, map[string]string{
		"/usr/lib/os-release":                          "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n",
		"/etc/os-release":                              "-> ../usr/lib/os-release",
		"/run/systemd/system/x":                        "",
		"/etc/docker/daemon.json":                      "{}",
		"/var/lib/dpkg/status":                         "Package: docker.io\nStatus: install ok installed\n",
		"/usr/lib/systemd/system/docker.service":       "[Unit]",
		"/run/systemd/units/invocation:docker.service": "-> 0123",
		"/etc/passwd":                                  "azureuser:x:1000:1000::/home/azureuser:/bin/sh\n",
		"/etc/group":                                   "docker:x:999:azureuser\n",
		"/etc/sudoers.d/waagent":                       "azureuser ALL=(ALL) ALL\n",
		"/var/lib/docker/swarm/docker-state.json":      "{}",
	})
	got, err := Survey(root, []string{"/etc/docker/daemon.json", "/etc/docker/key.pem"}, []string{"docker.service", "docker.socket"}, state.Ledger{Held: []string{"x"}})
	want := state.Facts{
		OS: state.OS{ID: "debian", Version: "12", Codename: "bookworm", Name: "Debian GNU/Linux 12 (bookworm)", Arch: arch(runtime.GOARCH), Systemd: true},
		Files: map[string]state.File{
			"/etc/docker/daemon.json": {Exists: true, Mode: 0o644, Content: []byte("{}")}, "/etc/docker/key.pem": {},
		},
		Packages: map[string]state.Package{"docker.io": {Installed: true}},
		Units:    map[string]state.UnitFacts{"docker.service": {Exists: true, Active: true}, "docker.socket": {}},
		Groups:   map[string][]string{"docker": {"azureuser"}},
		Accounts: map[string]bool{"azureuser": true},
		Admin:    "azureuser", Swarm: true, Ledger: state.Ledger{Held: []string{"x"}},
	}
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf(" got %+v, %v\nwant %+v", got, err, want)
	}
}

// An installation that was killed before it had noted what came along is known by what was there before it.
func TestSurveyKnowsWhatCameWithACutInstallation(t *testing.T) {
	root := tree(t, map[string]string{"/var/lib/dpkg/status": "Package: adduser\nStatus: install ok installed\n\n" +
		"Package: docker.io\nStatus: install ok installed\n\nPackage: containerd\nStatus: install ok installed\n\n" +
		"Package: runc\nStatus: install reinstreq half-installed\n\nPackage: gone\nStatus: deinstall ok config-files\n"})
	for _, c := range []struct{ ledger, want state.Ledger }{
		{state.Ledger{Debs: []string{"docker.io"}}, state.Ledger{Debs: []string{"docker.io"}}},
		{state.Ledger{Debs: []string{"docker.io"}, Before: []string{"adduser"}}, state.Ledger{Debs: []string{"containerd", "docker.io", "runc"}}},
	} {
		facts, err := Survey(root, nil, nil, c.ledger)
		if err != nil || !slices.Equal(facts.Ledger.Debs, c.want.Debs) {
			t.Errorf("%q, %v; want %q", facts.Ledger.Debs, err, c.want.Debs)
		}
	}
}

func TestKeys(t *testing.T) {
	docker, err := os.ReadFile("../keyring/testdata/docker.asc")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]state.File{
		"/etc/apt/keyrings/docker.asc": {Exists: true, Content: docker}, "/etc/apt/keyrings/none.asc": {},
		"/etc/apt/keyrings/text.asc": {Exists: true, Content: []byte("text")}, "/etc/docker/cert.pem": {Exists: true, Content: docker},
	}
	got := Keys(found, time.Now())
	key := got["/etc/apt/keyrings/docker.asc"]
	if len(got) != 1 || !key.Fit || len(key.Fingerprints) != 1 || key.Fingerprints[0] != "9DC858229FC7DD38854AE2D88D81803C0EBFCD88" {
		t.Errorf("got %+v", got)
	}
	if early := Keys(found, time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)); early["/etc/apt/keyrings/docker.asc"].Fit {
		t.Error("fit before it was made")
	}
}

// Something that is no host of ours must still be described, so that a person can be told.
func TestSurveyOfAnythingElse(t *testing.T) {
	got, err := Survey(tree(t, map[string]string{"/etc/os-release": "ID='alpine'\nPRETTY_NAME='Alpine Linux'\n"}), nil, []string{"docker.service"}, state.Ledger{})
	if err != nil || got.OS.ID != "alpine" || got.OS.Name != "Alpine Linux" || got.OS.Systemd || len(got.Packages) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := Survey(files.New(t.TempDir()), nil, nil, state.Ledger{}); err != nil || got.OS.ID != "" {
		t.Errorf("empty root: got %+v, %v", got, err)
	}
}

func TestSurveyRefusesWhatIsNoFile(t *testing.T) {
	root := tree(t, map[string]string{"/etc/docker/daemon.json": "-> /etc/shadow"})
	if _, err := Survey(root, []string{"/etc/docker/daemon.json"}, nil, state.Ledger{}); err == nil {
		t.Error("a symbolic link was read")
	}
}

func TestAssignments(t *testing.T) {
	tests := map[string]string{
		`ID=debian`: "debian", `ID="debian"`: "debian", `ID='debian'`: "debian", `  ID=debian  `: "debian",
		`ID="a \"b\" \$c"`: `a \"b\" \$c`, `ID=`: "", `#ID=x`: "", `ID`: "", "ID=a\nID=b": "b",
	}
	for text, want := range tests {
		if got := assignments(text)["ID"]; got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// FuzzAssignments: what was read is read again to the same, written in the plainest form.
func FuzzAssignments(f *testing.F) {
	for _, seed := range []string{"ID=debian\nVERSION_ID=\"12\"\n", "# a\nID='a\nb=\"\\x00\\\"", "=\n==\r\n", "A=\"\\u00e4\"\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := assignments(text)
		plain := ""
		for name, value := range found {
			if !strings.Contains(text, name+"=") {
				t.Errorf("made up %q", name)
			}
			plain += name + "=" + strconv.Quote(value) + "\n"
		}
		if again := assignments(plain); !maps.Equal(again, found) {
			t.Errorf("%q gives %q, and then %q", text, found, again)
		}
	})
}

func TestArch(t *testing.T) {
	for goarch, want := range map[string]string{"amd64": "amd64", "arm64": "arm64", "arm": "armhf", "386": "i386", "ppc64le": "ppc64el"} {
		if got := arch(goarch); got != want {
			t.Errorf("%s: got %s", goarch, got)
		}
	}
}
