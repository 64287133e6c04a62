package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"docker-extension/test/harness/agent"
)

// deployed is a file in testdata/deployed: settings that templates have sent for years, and all that must
// come of them.
type deployed struct {
	What              string
	Public, Protected json.RawMessage
	Want              struct {
		State     string
		Mentions  []string // words of the status, its steps and notes among them
		Untouched bool     // no file on the VM has changed
		Engine    bool     // it runs
		Listener  string   // where the engine answers on TCP without a certificate; "" if there is no TCP at all
		Services  []string // that run, sorted
		Visible   map[string][]string
		Invisible map[string][]string // variables that a service does not have
	}
}

// deploy sends what the files of these names have, one after the other.
func (l *lab) deploy(names ...string) {
	l.Helper()
	for _, name := range names {
		d := l.readDeployed(name)
		before := map[string]string{}
		if d.Want.Untouched {
			before = l.content()
		}
		status := l.enable(agent.Settings{Public: d.Public, Protected: d.Protected})
		l.Logf("%s: %s", name, show(status))
		if string(status.State) != d.Want.State {
			l.Errorf("%s: the state is %s, wanted %s", name, status.State, d.Want.State)
		}
		for _, words := range d.Want.Mentions {
			if !strings.Contains(show(status), words) {
				l.Errorf("%s: nothing is said of %q", name, words)
			}
		}
		if d.Want.Untouched {
			for _, path := range changed(before, l.content()) {
				if path != "/var/lib/docker-extension" { // which install makes, before there are settings
					l.Errorf("%s: %s has changed", name, path)
				}
			}
		}
		if d.Want.Engine {
			l.wantEngine(d)
		}
	}
}

// readDeployed reads a file strictly. A secret in it is one that the scans look for.
func (l *lab) readDeployed(name string) (d deployed) {
	l.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "deployed", name+".json"))
	if err != nil {
		l.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		l.Fatalf("%s: %v", name, err)
	}
	d.Protected = bytes.ReplaceAll(d.Protected, []byte("SECRET"), []byte(l.secrets["database"]))
	if privileged := []byte(`"privileged": true,`); d.Want.Engine && bytes.Contains(d.Public, privileged) {
		if out := l.sh("docker run --rm --privileged --entrypoint true wordpress 2>&1 || true"); out != "" {
			// Where the host of the VM keeps a capability back, runc 1.1 of Debian 12 makes no such container.
			l.Logf("the container is not privileged here: %s", out)
			d.Public = bytes.ReplaceAll(d.Public, privileged, nil)
		}
	}
	return d
}

// wantEngine wants what is promised of the engine and its containers.
func (l *lab) wantEngine(d deployed) {
	l.Helper()
	if running := l.sh("systemctl is-active docker.service && docker info --format '{{.ServerVersion}}'"); !strings.HasPrefix(running, "active\n") {
		l.Errorf("the engine is %q", running)
	}
	listens := l.sh(`systemctl show docker.socket -P Listen | grep -v '(Stream)$' ; systemctl show docker.socket -P Listen | grep -o '[0-9.]*:[0-9]*' || true`)
	if listens != d.Want.Listener {
		l.Errorf("the engine listens on %q, wanted %q", listens, d.Want.Listener)
	}
	if d.Want.Listener != "" {
		if answer := l.sh("curl -s --max-time 60 http://" + d.Want.Listener + "/_ping"); answer != "OK" {
			l.Errorf("without a certificate %s answers %q", d.Want.Listener, answer)
		}
	}
	l.wantServices("compose", strings.Join(d.Want.Services, " "))
	for service, variables := range d.Want.Visible {
		l.wantVariables(service, variables, true)
	}
	for service, variables := range d.Want.Invisible {
		l.wantVariables(service, variables, false)
	}
}

// wantVariables wants that a service's container has all of these variables with a value, or none of them.
func (l *lab) wantVariables(service string, variables []string, visible bool) {
	l.Helper()
	var env []string
	if err := json.Unmarshal([]byte(l.inspect(l.service("compose", service).name, "{{json .Config.Env}}")), &env); err != nil {
		l.Fatal(err)
	}
	for _, name := range variables {
		has := slices.ContainsFunc(env, func(entry string) bool { return strings.HasPrefix(entry, name+"=") && entry != name+"=" })
		if has != visible {
			l.Errorf("that %s sees %s is %t, wanted %t", service, name, has, visible)
		}
	}
}
