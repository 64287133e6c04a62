package e2e

import (
	"strings"
	"testing"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/vm"
)

// No settings at all, in whatever way somebody leaves them out, mean: install and run the engine.
// What comes after the first of them has nothing left to do.
func TestNoSettings(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		for i, r := range emptySettings(l.vm.Suite()) {
			l.Run(r.name, func(t *testing.T) {
				l := l.with(t)
				before := l.portrait()
				if err := l.agent.EnableRaw(l.ctx(), l.pkg, r.file(l)); err != nil {
					l.Fatal(err)
				}
				status := l.wait()
				l.Log(show(status))
				if status.State != agent.Success || !strings.HasPrefix(status.Message, "Docker ") {
					l.Fatalf("status %s", show(status))
				}
				if i > 0 {
					l.sameHost(before)
					l.wantPrinted(status.Message)
				}
				l.wantLocalEngine()
			})
		}
	})
}

// emptySettings are all the ways. Without a settings file the sequence number is 0; so that it comes
// on a bare VM and on one with an engine, the two releases begin at two ends.
func emptySettings(suite string) []row {
	none := row{name: "zero bytes", file: text("")}
	rows := []row{
		{name: "empty object", file: public(`{}`)},
		{name: "nulls", file: text(`{"runtimeSettings": [{"handlerSettings": {"publicSettings": null, "protectedSettings": null, "protectedSettingsCertThumbprint": null}}]}`)},
		{name: "empty objects in both parts", file: sealed(`{}`, `{}`)},
		{name: "empty texts", file: text(`{"runtimeSettings": [{"handlerSettings": {"publicSettings": "", "protectedSettings": ""}}]}`)},
	}
	if suite == vm.Suites()[0] {
		return append([]row{none}, rows...)
	}
	return append(rows, none)
}

// wantPrinted checks what the last command printed.
func (l *lab) wantPrinted(sentence string) {
	l.Helper()
	calls := l.agent.Calls()
	if got := strings.TrimSpace(string(calls[len(calls)-1].Stdout)); got != sentence {
		l.Errorf("enable prints %q", got)
	}
}

// wantLocalEngine checks that the engine answers on its own socket, starts with the VM, and that
// nothing in the VM listens on the network.
func (l *lab) wantLocalEngine() {
	l.Helper()
	l.sh("docker version && systemctl is-enabled docker.service docker.socket")
	if listening := l.sh("ss -Hltn | grep -v -e ' 127\\.0\\.0\\.' -e ' \\[::1\\]' || true"); listening != "" {
		l.Errorf("somebody listens:\n%s", listening)
	}
}

// Without network apt fails, and says why. Nothing is left in the way of the next try.
func TestNoNetwork(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		if err := l.vm.Offline(l.ctx(), true); err != nil {
			l.Fatal(err)
		}
		started := time.Now()
		status := l.enable(l.remote(`{"docker":{"port":2376,"waitMinutes":0}}`))
		l.Logf("after %s: %s", time.Since(started).Round(time.Millisecond), show(status))
		l.checkSentence(row{code: codePackageInstall, says: []string{
			"(packages): cannot install ", "E: Unable to locate package docker.io; before that: E: Failed to fetch", "Temporary failure resolving", "let the VM resolve names",
		}}, status)

		if err := l.vm.Offline(l.ctx(), false); err != nil {
			l.Fatal(err)
		}
		if err := l.agent.EnableAgain(l.ctx()); err != nil {
			l.Fatal(err)
		}
		if status := l.wait(); status.State != agent.Success {
			l.Fatalf("status %s", show(status))
		}
		l.wantVersion(l.keys, 2376)
		l.scan("/etc/docker/key.pem")
	})
}

// Protected settings are read however the platform encrypts them. With the same certificates in
// them, all but the first have nothing left to do.
func TestDecryption(t *testing.T) {
	suites := vm.Suites()
	l := newLab(t, suites[len(suites)-1])
	before := l.portrait()
	for i, cipher := range []agent.Cipher{
		{}, {Algorithm: "des3"}, {Algorithm: "aes128"}, {Algorithm: "aes192"}, {Algorithm: "aes256"},
		{Algorithm: "des3", OAEP: true}, {Algorithm: "aes192", OAEP: true}, {Algorithm: "aes256", OAEP: true},
	} {
		settings := l.remote(`{"docker":{"port":2376}}`)
		settings.Cipher = cipher
		status := l.succeed(settings)
		l.Logf("%+v: %s", cipher, status.Message)
		if i == 0 {
			l.wantVersion(l.keys, 2376)
			before = l.portrait()
		}
		l.sameHost(before)
	}
}
