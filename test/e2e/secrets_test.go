package e2e

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
	"docker-extension/test/harness/pki"
)

// What is given as a secret is found nowhere but in the files that must hold it, however a run ends.
func TestNoSecretLeaks(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		for _, name := range []string{"in public settings", "under an unknown key", "in the environment", "of a registry"} {
			l.secrets[name] = "Geheim." + rand.Text()
		}
		l.secrets["server key"] = l.keys.Triple().Key
		watch, err := agent.StartWatch(l.secrets)
		if err != nil {
			l.Fatal(err)
		}
		l.misplacedSecrets()
		l.failInApt()
		l.failInEngine()
		l.failInLogin()
		leaks := watch.Stop()
		scanned, err := agent.SecretScan(l.ctx(), machine.VM{VM: l.vm}, l.secrets, "/etc/docker/key.pem")
		if err != nil {
			l.Fatal(err)
		}
		for _, leak := range append(leaks, scanned...) {
			l.Errorf("leaked: %s", leak)
		}
		l.wantKeysKept()
	})
}

// wantKeysKept is the scan's own proof: without the exception it finds the key where it must be.
func (l *lab) wantKeysKept() {
	l.Helper()
	found, err := agent.SecretScan(l.ctx(), machine.VM{VM: l.vm}, l.secrets)
	if err != nil || len(found) != 1 || found[0].Place != "/etc/docker/key.pem" {
		l.Errorf("the server's key is in %v, error %v", found, err)
	}
	if mode := l.sh("stat -c '%a %U' /etc/docker/key.pem"); mode != "600 root" {
		l.Errorf("key.pem is %s", mode)
	}
}

// protected gives the lab's certificates and more as protected settings.
func (l *lab) protected(certs pki.Triple, more map[string]any) json.RawMessage {
	l.Helper()
	all := map[string]any{"certs": map[string]string{"ca": certs.CA, "cert": certs.Cert, "key": certs.Key}}
	for key, value := range more {
		all[key] = value
	}
	text, err := json.Marshal(all)
	if err != nil {
		l.Fatal(err)
	}
	return text
}

// Secrets in every wrong place are refused without being repeated.
func (l *lab) misplacedSecrets() {
	swapped, err := l.keys.Broken(l.ctx(), pki.KeyAsCert)
	if err != nil {
		l.Fatal(err)
	}
	public := fmt.Sprintf(`{"docker":{"port":"2376"},"certs":{"key":%[1]q},"login":{"password":%[1]q}}`, l.secrets["in public settings"])
	for name, c := range map[string]struct {
		settings agent.Settings
		code     int
	}{
		"public and unknown": {agent.Settings{Public: json.RawMessage(public),
			Protected: l.protected(l.keys.Triple(), map[string]any{"enviroment": map[string]string{"A": l.secrets["under an unknown key"]}})}, 13},
		"key in the place of cert": {agent.Settings{Public: json.RawMessage(journeySettings), Protected: l.protected(swapped, nil)}, 13},
	} {
		s := l.enable(c.settings)
		if s.State != agent.Error || s.Code != c.code {
			l.Errorf("%s: %s", name, show(s))
		}
		l.wantSilent(name, s)
	}
}

// An account at a registry that does not answer: the password goes to the engine and nowhere else.
func (l *lab) failInLogin() {
	login := map[string]any{"login": map[string]string{
		"server": "127.0.0.1:1", "username": "robot", "password": l.secrets["of a registry"],
	}}
	s := l.enable(agent.Settings{Public: json.RawMessage(journeySettings), Protected: l.protected(l.keys.Triple(), login)})
	l.Log(show(s))
	if s.State != agent.Error || s.Code != 62 {
		l.Errorf("without a registry: %s", show(s))
	}
	l.wantSilent("without a registry", s)
}

// wantSilent wants that a status says no secret.
func (l *lab) wantSilent(name string, s agent.Status) {
	l.Helper()
	for which, secret := range l.secrets {
		if strings.Contains(show(s), secret) {
			l.Errorf("%s: the secret %q is in the status", name, which)
		}
	}
}

// good are settings in which every secret is where it belongs.
func (l *lab) good(public string) agent.Settings {
	l.Helper()
	environment := map[string]any{"environment": map[string]string{"PASSWORD": l.secrets["in the environment"]}}
	return agent.Settings{Public: json.RawMessage(public), Protected: l.protected(l.keys.Triple(), environment)}
}

// Without a network apt fails, and says so itself; with one the same settings work.
func (l *lab) failInApt() {
	if err := l.vm.Offline(l.ctx(), true); err != nil {
		l.Fatal(err)
	}
	s := l.enable(l.good(`{"docker":{"port":"2376","options":["--label","foo=bar"],"waitMinutes":0}}`))
	l.Log(show(s))
	if s.State != agent.Error || s.Code != 52 || !strings.Contains(s.Message, "docker.io") {
		l.Errorf("without a network: %s", show(s))
	}
	l.wantSilent("without a network", s)
	if err := l.vm.Offline(l.ctx(), false); err != nil {
		l.Fatal(err)
	}
	if err := l.agent.EnableAgain(l.ctx()); err != nil {
		l.Error(err)
	}
	if s := l.wait(); s.State != agent.Success {
		l.Fatalf("with a network again: %s", show(s))
	}
	l.wantVersion(l.keys, 2376)
}

// An option that the engine refuses only when it starts: its own words are in the status. The next
// settings heal it.
func (l *lab) failInEngine() {
	s := l.enable(l.good(`{"docker":{"port":"2376","options":["--storage-driver=zfs"]}}`))
	l.Log(show(s))
	if s.State != agent.Error || s.Code != 53 || !strings.Contains(s.Message, "its last lines: failed to start daemon: error initializing graphdriver") {
		l.Errorf("with a storage driver that is not there: %s", show(s))
	}
	l.wantSilent("with a storage driver that is not there", s)
	l.succeed(l.good(journeySettings))
	l.wantVersion(l.keys, 2376)
}
