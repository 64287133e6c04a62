package settings

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
)

// update is the flag of the tests that says: write docs/faults.md anew.
func update() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write docs/faults.md anew")
	os.Exit(m.Run())
}

const faultsIntroduction = `# What is said of settings that are wrong

<!-- Written by "make docs" from a table in internal/settings; changes here are overwritten. -->

Everything that is wrong is told at once, each with its place, what is wrong, and in brackets what to do. The
code of all of these is 13, ` + "`settings-invalid`" + ` (see [errors.md](errors.md)), and nothing on the VM has been
touched. Values of protected settings are never shown.

`

// mistake is settings that somebody has sent.
type mistake struct{ what, public, protected string }

// mistakes are the rows of docs/faults.md, by the part of the settings that they are about.
func mistakes() map[string][]mistake {
	return map[string][]mistake{
		"1. Settings that cannot be read": {
			{"A comma too many", `{"docker": {"port": 2376,}}`, ``},
			{"Protected settings that end early", ``, `{"certs": {"ca": `},
			{"A list instead of an object", `["docker"]`, ``},
			{"A key twice", `{"docker": {"tls": false, "tls": true}}`, ``},
		},
		"2. Keys": {
			{"A slip", `{"dokcer": {"port": 2376}}`, ``},
			{"A slip further in", `{"docker": {"prot": 2376}}`, ``},
			{"A slip in a key of 2014", `{"instalonly": true}`, ``},
			{"A key that nobody knows", `{"uninstall": {"everything": true}}`, ``},
			{"A key at the wrong level", `{"port": 2376}`, ``},
			{"Secrets in the public settings", `{"certs": {"key": "..."}, "login": {"password": "..."}}`, ``},
			{"Public settings in the protected part", ``, `{"docker": {"port": 2376}}`},
			{"An old key beside the new one", `{"docker": {"port": 2376, "tls": false}, "dockerport": 2376}`, ``},
			{"A key that is kept for later", `{"swarm": {}}`, ``},
		},
		"3. Port and listeners": {
			{"A port that is none", `{"docker": {"port": 70000}}`, ``},
			{"A port in words", `{"docker": {"port": "docker"}}`, ``},
			{"A port without certificates", `{"docker": {"port": "2376"}}`, ``},
			{"A listener by a flag without certificates", `{"docker": {"options": ["-H", "tcp://0.0.0.0:2375"]}}`, ``},
			{"A listener on loopback without certificates", `{"docker": {"options": ["-H=tcp://127.0.0.1:2375"]}}`, ``},
			{"Two opinions on the port", `{"docker": {"port": 2376, "tls": false, "options": ["-H=tcp://0.0.0.0:2375"]}}`, ``},
			{"A listener without a port", `{"docker": {"tls": false, "options": ["-H=tcp://0.0.0.0"]}}`, ``},
			{"A listener by a name", `{"docker": {"tls": false, "options": ["-H=tcp://vm.example.com:2376"]}}`, ``},
			{"Another socket", `{"docker": {"options": ["-H=unix:///tmp/docker.sock"]}}`, ``},
			{"A listener that is part of another", `{"docker": {"tls": false, "options": ["-H=tcp://0.0.0.0:2375", "-H=tcp://127.0.0.1:2375"]}}`, ``},
		},
		"4. Certificates": {
			{"Not all three", ``, `{"certs": {"ca": "LS0tLS1CRUdJTi0=", "cert": ""}}`},
			{"Something else than PEM", ``, `{"certs": {"ca": "a", "cert": "b", "key": "c"}}`},
			{"Not a string", ``, `{"certs": {"ca": 1, "cert": 2, "key": 3}}`},
		},
		"5. Options": {
			{"A flag that no engine knows", `{"docker": {"options": ["--lable=a=b"]}}`, ``},
			{"Flags that were removed", `{"docker": {"options": ["--cluster-store=consul://10.0.0.4:8500", "-g /data"]}}`, ``},
			{"Flags that belong to the extension", `{"docker": {"options": ["--tlsverify", "--config-file=/etc/x.json"]}}`, ``},
			{"A flag without its value", `{"docker": {"options": ["--label"]}}`, ``},
			{"Values of the wrong kind", `{"docker": {"options": ["--mtu=large", "--dns=google", "--debug=maybe"]}}`, ``},
			{"One string instead of a list", `{"docker": {"options": "-D --dns=8.8.8.8"}}`, ``},
			{"A quote that is not closed", `{"docker": {"options": ["--label \"a=b"]}}`, ``},
			{"A label with two values", `{"docker": {"options": ["--label=a=1", "--label=a=2"]}}`, ``},
		},
		"6. Keys of daemon.json": {
			{"A key that no engine knows", `{"docker": {"daemon": {"log-optz": {}}}}`, ``},
			{"A flag's name for a key", `{"docker": {"daemon": {"label": ["a=b"]}}}`, ``},
			{"A key that belongs to the packaged unit", `{"docker": {"daemon": {"hosts": ["tcp://0.0.0.0:2375"]}}}`, ``},
			{"A number for a string", `{"docker": {"daemon": {"log-opts": {"max-file": 3}}}}`, ``},
			{"A driver that was removed", `{"docker": {"daemon": {"storage-driver": "aufs"}}}`, ``},
			{"A registry with a path", `{"docker": {"daemon": {"insecure-registries": ["registry.example.com/team"]}}}`, ``},
			{"Two keys that no engine starts with", `{"docker": {"options": ["--bridge=br0"], "daemon": {"bip": "10.1.0.1/24"}}}`, ``},
			{"Something else than docker.options says", `{"docker": {"options": ["--log-opt=max-file=3"], "daemon": {"log-opts": {"max-file": "5"}}}}`, ``},
		},
		"7. Where the engine comes from": {
			{"A source that is none", `{"docker": {"source": "docker-ce"}}`, ``},
			{"A mirror without its suite", `{"docker": {"source": {"url": "https://mirror.example.com/docker/linux/debian"}}}`, ``},
			{"An address without its protocol", `{"docker": {"source": {"url": "mirror.example.com/docker", "suite": "bookworm"}}}`, ``},
			{"A line of sources.list", `{"docker": {"source": {"url": "deb https://mirror.example.com bookworm stable", "suite": "bookworm"}}}`, ``},
			{"A password in an address", `{"docker": {"source": {"url": "https://robot:hush@mirror.example.com", "suite": "bookworm"}}}`, ``},
			{"A port in letters", `{"docker": {"source": {"url": "https://mirror.example.com:http/docker", "suite": "bookworm"}}}`, ``},
			{"Two components", `{"docker": {"source": {"url": "https://mirror.example.com", "suite": "bookworm", "component": "stable test"}}}`, ``},
			{"A flat repository with a component", `{"docker": {"source": {"url": "https://mirror.example.com/debs", "suite": "./", "component": "stable"}}}`, ``},
			{"A key that is a file's name", `{"docker": {"source": {"url": "https://mirror.example.com", "suite": "bookworm", "key": "/etc/apt/keyrings/docker.asc"}}}`, ``},
			{"A key that anybody on the way can replace", `{"docker": {"source": {"url": "http://mirror.example.com", "suite": "bookworm", "key": "http://mirror.example.com/gpg"}}}`, ``},
			{"A key that is damaged", `{"docker": {"source": {"url": "https://mirror.example.com", "suite": "bookworm", "key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\nmQIN"}}}`, ``},
			{"The short form of a fingerprint", `{"docker": {"source": {"url": "https://mirror.example.com", "suite": "bookworm", "key": "https://mirror.example.com/gpg", "fingerprint": "0EBFCD88"}}}`, ``},
			{"A fingerprint without a key", `{"docker": {"source": {"url": "https://mirror.example.com", "suite": "bookworm", "fingerprint": "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"}}}`, ``},
			{"Packages with their versions", `{"docker": {"source": {"url": "https://mirror.example.com", "suite": "bookworm", "packages": ["docker-ce=26.1"]}}}`, ``},
			{"No packages", `{"docker": {"source": {"url": "https://mirror.example.com", "suite": "bookworm", "packages": []}}}`, ``},
			{"A version that is a number", `{"docker": {"version": 26.1}}`, ``},
			{"A version in words", `{"docker": {"version": "latest"}}`, ``},
			{"The version at the top", `{"version": "26.1"}`, ``},
			{"A time that is too long", `{"docker": {"waitMinutes": 90}}`, ``},
			{"A proxy without its protocol", `{"docker": {"proxy": {"http": "proxy.example.com:3128"}}}`, ``},
			{"A proxy whose password has a # in it", `{"docker": {"proxy": {"http": "http://robot:hu#sh@proxy.example.com:3128"}}}`, ``},
			{"A proxy in one string", `{"docker": {"proxy": "http://proxy.example.com:3128"}}`, ``},
			{"Exceptions with blanks", `{"docker": {"proxy": {"no": "localhost, 10.0.0.0/8"}}}`, ``},
			{"A proxy in two places", `{"docker": {"proxy": {"http": "http://proxy.example.com:3128"}, "daemon": {"proxies": {"http-proxy": "http://other.example.com:3128"}}}}`, ``},
			{"An unknown cloud", `{"azure-environment": "AzureGermanCloud"}`, ``},
			{"A cloud in other letters", `{"azure-environment": "azurechinacloud"}`, ``},
		},
		"8. Users and the rest": {
			{"A name that no account has", `{"docker": {"users": ["anna b"]}}`, ``},
			{"Neither true nor false", `{"docker": {"hold": "yes"}, "uninstall": {"purgeData": 1}}`, ``},
			{"A variable that is a number", `{"compose-environment": {"WORKERS": 4}}`, ``},
			{"A compose file that only names others", `{"compose": {"include": ["web.yml"]}}`, ``},
			{"A program of the VM in the place of a service", `{"compose": {"services": {"db": {"provider": {"type": "awesomecloud"}}}}}`, ``},
			{"An account without a password", ``, `{"login": {"server": "registry.example.com", "username": "robot"}}`},
		},
	}
}

// The page in the tree says what Parse says. Run with -update to write it anew.
func TestFaultsPage(t *testing.T) {
	const file = "../../docs/faults.md"
	page, rows := faultsIntroduction, 0
	all := mistakes()
	for _, title := range sortedKeys(all) {
		page += "## " + title[3:] + "\n\n"
		for _, m := range all[title] {
			page += m.told(t)
			rows++
		}
	}
	if rows < 30 {
		t.Errorf("only %d rows", rows)
	}
	if update() {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != page {
		t.Errorf("docs/faults.md is not what is said (%v): run `make docs`", err)
	}
}

// told gives the row: what was sent, and each fault on a line of its own.
func (m mistake) told(t *testing.T) string {
	t.Helper()
	_, err := Parse([]byte(m.public), []byte(m.protected), Options{Now: now})
	if fault.CodeOf(err) != fault.SettingsInvalid {
		t.Errorf("%s: code %d, %v", m.what, fault.CodeOf(err), err)
	}
	text := "**" + m.what + "**"
	if m.public != "" {
		text += fmt.Sprintf(", public: `%s`", m.public)
	}
	if m.protected != "" {
		text += fmt.Sprintf(", protected: `%s`", m.protected)
	}
	text += "\n\n```text\n"
	for _, f := range fault.Faults(err) {
		text += fault.Sentence(f, 0) + "\n"
		if f.Hint == "" || f.Place == "" {
			t.Errorf("%s: half a fault: %+v", m.what, f)
		}
	}
	return strings.TrimRight(text, "\n") + "\n```\n\n"
}

func sortedKeys[V any](all map[string]V) []string {
	return slices.Sorted(maps.Keys(all))
}
