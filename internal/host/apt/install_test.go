package apt

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// madisonOutput is what apt 2.6 prints.
const madisonOutput = ` docker-ce | 5:29.7.2-1~test | https://download.docker.com/linux/debian bookworm/stable amd64 Packages
 docker-ce | 5:26.10.0-1~test | https://download.docker.com/linux/debian bookworm/stable amd64 Packages
 docker-ce | 5:26.1.4-1~test | https://download.docker.com/linux/debian bookworm/stable amd64 Packages
 docker-ce | 5:26.1.4-1~test | http://m.example.com/ bookworm/stable amd64 Packages
 docker-ce | 5:26.1.3-1~test | https://download.docker.com/linux/debian bookworm/stable amd64 Packages
 docker-ce-cli | 5:26.1.5-1~test | https://download.docker.com/linux/debian bookworm/stable amd64 Packages
 docker-ce-cli | 5:26.1.4-1~test | https://download.docker.com/linux/debian bookworm/stable amd64 Packages
 docker-ce | 5:26.1.9-1~test | https://download.docker.com/linux/debian bookworm/stable Sources
N: Unable to locate package docker-ce-rootless-extras
`

func TestChoose(t *testing.T) {
	offers := madison(madisonOutput)
	if want := []string{"5:29.7.2-1~test", "5:26.10.0-1~test", "5:26.1.4-1~test", "5:26.1.3-1~test"}; !slices.Equal(offers["docker-ce"], want) {
		t.Fatalf("offers %q", offers)
	}
	both := []string{"docker-ce", "docker-ce-cli"}
	for name, c := range map[string]struct {
		names       []string
		wanted      string
		engine, cli string
		wrong       string
	}{
		"the newest that fits, and the client that belongs to it": {both, "26.1", "5:26.1.4-1~test", "5:26.1.4-1~test", ""},
		"a client that the repository has no longer":              {both, "26.1.3", "", "", "no version of docker-ce-cli begins with 26.1.3; available: 5:26.1.5-1~test, 5:26.1.4-1~test"},
		"one package":        {both[:1], "29", "5:29.7.2-1~test", "", ""},
		"in full":            {both[:1], "5:26.1.3-1~test", "5:26.1.3-1~test", "", ""},
		"none":               {both, "20.10", "", "", "no version of docker-ce begins with 20.10; available: 5:29.7.2-1~test, 5:26.10.0-1~test"},
		"an unknown package": {[]string{"moby-engine"}, "26", "", "", "no repository of this VM has the package moby-engine"},
	} {
		got, err := choose(c.names, c.wanted, offers)
		switch {
		case c.wrong == "" && (err != nil || got["docker-ce"] != c.engine || got["docker-ce-cli"] != c.cli):
			t.Errorf("%s: %v, error %v", name, got, err)
		case c.wrong != "" && (fault.CodeOf(err) != fault.PackageVersion || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v", name, err)
		}
	}
	many := map[string][]string{"docker-ce": {"9", "8", "7", "6", "5", "4"}}
	if _, err := choose(both[:1], "1", many); err == nil || !strings.HasSuffix(err.Error(), "available: 9, 8, 7, 6, 5, and older ones") {
		t.Errorf("many: %v", err)
	}
}

// offering is a stand-in's behaviour: apt-cache has versions, a simulation removes packages.
func offering(removes string) string {
	return "case \"$(basename $0) $*\" in apt-cache*) cat <<'END'\n" + madisonOutput + "END\n;; *--simulate*) printf '" + removes + "' ;; esac"
}

func newShop(t *testing.T, behaviour string) debian {
	t.Helper()
	d := newDebian(t, "", behaviour)
	if err := os.Link(filepath.Join(d.dir, "bin/apt-get"), filepath.Join(d.dir, "bin/apt-cache")); err != nil {
		t.Fatal(err)
	}
	return d
}

func moving() state.Installation {
	return state.Installation{
		Packages: []string{"containerd.io", "docker-ce", "docker-ce-cli"}, Pinned: []string{"docker-ce", "docker-ce-cli"}, Version: "26.1",
		Instead: []string{"docker.io", "runc"}, Careful: true,
	}
}

func TestInstallOfAPinnedMove(t *testing.T) {
	const what = "--allow-downgrades -- containerd.io docker-ce=5:26.1.4-1~test docker-ce-cli=5:26.1.4-1~test docker.io- runc-"
	d := newShop(t, offering(`Inst docker-ce (5:26.1.4)\nRemv docker.io [20.10]\nRemv runc:amd64 [1]\n`))
	if err := d.Fetch(t.Context(), moving()); err != nil {
		t.Fatal(err)
	}
	fetched := moving()
	fetched.Fetched = true
	if err := d.Install(t.Context(), fetched); err != nil {
		t.Fatal(err)
	}
	check(t, "calls", d.calls(t), []string{
		"apt-get update", "apt-cache madison -- docker-ce docker-ce-cli",
		"apt-get --simulate install -y --no-install-recommends " + what,
		"apt-get install -y --no-install-recommends --download-only " + what,
		"apt-cache madison -- docker-ce docker-ce-cli",
		"apt-get --simulate install -y --no-install-recommends " + what,
		"apt-get install -y --no-install-recommends " + what,
	})
}

func TestInstallSparesWhatIsNotOurs(t *testing.T) {
	d := newShop(t, offering(`Remv docker.io [20.10]\nRemv podman-docker [4]\nPurg runc [1]\n`))
	err := d.Install(t.Context(), moving())
	if fault.CodeOf(err) != fault.PackageInstall || !strings.Contains(err.Error(), "apt would remove podman-docker runc, which did not come with the extension") {
		t.Errorf("error %v", err)
	}
	if calls := d.calls(t); strings.Contains(calls[len(calls)-1], "apt-get install") {
		t.Errorf("calls %q", calls)
	}
}

func TestInstallOfNoSuchVersion(t *testing.T) {
	d := newShop(t, offering(""))
	what := moving()
	what.Version = "99"
	if err := d.Install(t.Context(), what); fault.CodeOf(err) != fault.PackageVersion {
		t.Errorf("error %v", err)
	}
	check(t, "calls", d.calls(t), []string{"apt-get update", "apt-cache madison -- docker-ce docker-ce-cli"})
}

// A proxy's password is in the child's environment, and not in its arguments.
func TestProxyOfTheChildren(t *testing.T) {
	d := newShop(t, `env | grep -E '^[a-z]+_proxy=' | sort >>$ROOT/proxies`)
	proxy := state.Proxy{HTTP: secret.New("http://u:hush@p:1"), No: "localhost"}
	if err := d.Install(t.Context(), state.Installation{Packages: []string{"docker.io"}, Proxy: proxy}); err != nil {
		t.Fatal(err)
	}
	if err := d.Hold(t.Context(), []string{"docker.io"}); err != nil { // not a word of it here
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(d.dir, "proxies"))
	if want := strings.Repeat("http_proxy=http://u:hush@p:1\nno_proxy=localhost\n", 2); err != nil || string(text) != want {
		t.Errorf("the children have, error %v:\n%s", err, text)
	}
	if calls := strings.Join(d.calls(t), "\n"); strings.Contains(calls, "hush") {
		t.Errorf("calls:\n%s", calls)
	}
}

func TestTry(t *testing.T) {
	for name, c := range map[string]struct{ says, hint string }{
		"unsigned": {"E: The repository 'http://m trixie InRelease' is not signed.", "send the key that it is signed with as docker.source.key"},
		"no suite": {"E: The repository 'http://m trixie Release' does not have a Release file.", "url and suite must lead to a file dists/SUITE/Release"},
		"no path":  {"E: The repository 'http://m ./ Release' does not have a Release file.", "or SUITE/Release if suite ends with a slash"},
		"no way":   {"Err:1 http://m trixie InRelease\\n  Could not connect to m:80", "let the VM reach"},
		"fine":     {"", ""},
	} {
		d := newShop(t, "[ -z \""+c.says+"\" ] || { printf \""+c.says+"\\n\"; exit 100; }")
		err := d.Try(impatient(t), "/run/x/docker.sources", state.Proxy{})
		if c.says == "" && err == nil {
			continue
		}
		if fault.CodeOf(err) != fault.PackageSource || !strings.Contains(fault.Sentence(err, 0), c.hint) {
			t.Errorf("%s: %s", name, fault.Sentence(err, 0))
		}
	}
}

func TestListed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sources.list": "# deb http://off.example.com x main\ndeb http://a.example.com/debian bookworm main contrib # yes\n" +
			"deb-src http://a.example.com/debian bookworm main\ndebian\n",
		"sources.list.d/docker.list": "deb [arch=amd64 signed-by=/x.asc] https://d.example.com/linux/debian bookworm stable\ndeb\t[ trusted=yes ] file:/srv/debs ./\n",
		"sources.list.d/b.sources": "# ours\nTypes: deb deb-src\nURIs: http://b.example.com\n  http://c.example.com\nSuites: x y\nComponents: main\nSigned-By:\n -----BEGIN PGP\n .\n URIs: no\n\n" +
			"Enabled: no\nTypes: deb\nURIs: http://off.example.com\nSuites: x\n\ntypes: deb-src\nuris: http://off.example.com\nsuites: x\n",
		"sources.list.d/c.list.save": "deb http://off.example.com x main\n",
	} {
		full := filepath.Join(dir, "etc/apt", name)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	listed, err := Listed(files.New(dir))
	var got []string
	for _, l := range listed {
		got = append(got, strings.Join([]string{filepath.Base(l.File), l.URL, l.Suite, strings.Join(l.Components, "+")}, " "))
	}
	check(t, "listed", got, []string{
		"sources.list http://a.example.com/debian bookworm main+contrib",
		"b.sources http://b.example.com x main", "b.sources http://b.example.com y main",
		"b.sources http://c.example.com x main", "b.sources http://c.example.com y main",
		"docker.list https://d.example.com/linux/debian bookworm stable", "docker.list file:/srv/debs ./ ",
	})
	if err != nil {
		t.Error(err)
	}
}

// FuzzListed: no text of a source file brings the reader down, and no address is made up.
func FuzzListed(f *testing.F) {
	f.Add("deb [a=b] http://a x y\nTypes: deb\nURIs: http://b\n c\nSuites: z\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, l := range slices.Concat(listedLines(text), listedStanzas(text)) {
			if l.URL == "" || l.Suite == "" || !strings.Contains(text, l.URL) {
				t.Errorf("made up %+v", l)
			}
		}
	})
}
