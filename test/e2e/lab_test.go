package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
	"docker-extension/test/harness/pki"
	"docker-extension/test/vm"
)

// lab is one VM with a fake agent on it, and the certificates of one person.
type lab struct {
	*testing.T
	vm    *vm.VM
	agent *agent.Agent
	keys  *pki.Set
	pkg   agent.Package
	// secrets are all that went into protected settings, by name.
	secrets map[string]string
}

// onEachSuite runs a test on every Debian release at once.
func onEachSuite(t *testing.T, test func(l *lab)) {
	for _, suite := range vm.Suites() {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			test(newLab(t, suite))
		})
	}
}

func newLab(t *testing.T, suite string) *lab {
	t.Helper()
	return furnish(t, vm.Options{Suite: suite}, func(v *vm.VM) agent.Machine { return machine.VM{VM: v} })
}

// furnish boots a machine and puts an agent on it, who sees the machine as seen says.
func furnish(t *testing.T, o vm.Options, seen func(*vm.VM) agent.Machine) *lab {
	t.Helper()
	zip := os.Getenv("DOCKER_EXTENSION_PACKAGE")
	if zip == "" {
		t.Skip("DOCKER_EXTENSION_PACKAGE names no extension zip: run `make test`")
	}
	pkg, err := agent.OpenPackage(zip)
	if err != nil {
		t.Fatal(err)
	}
	v := vm.ForTestWith(t, o)
	a, err := agent.New(seen(v), agent.Options{Log: testWriter{t}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := pki.NewSet([]net.IP{net.ParseIP(v.Address())}, "vm.example.com")
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{T: t, vm: v, agent: a, keys: keys, pkg: pkg, secrets: map[string]string{}}
	t.Cleanup(func() {
		if t.Failed() {
			l.showLog()
		}
	})
	return l
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(p), "\n"))
	return len(p), nil
}

// stage is a part of a long test, with its time in the log.
func (l *lab) stage(name string, act func()) {
	started := time.Now()
	act()
	l.Logf("stage %q took %s", name, time.Since(started).Round(100*time.Millisecond))
}

// ctx bounds one act of a test.
func (l *lab) ctx() context.Context {
	ctx, cancel := context.WithTimeout(l.Context(), 15*time.Minute)
	l.Cleanup(cancel)
	return ctx
}

// settings are public settings as JSON text, with or without the lab's certificates.
func (l *lab) settings(public string, certs *pki.Triple) agent.Settings {
	l.Helper()
	s := agent.Settings{Public: json.RawMessage(public)}
	if certs == nil {
		return s
	}
	l.secrets["server key"] = certs.Key
	protected, err := json.Marshal(map[string]any{"certs": map[string]string{"ca": certs.CA, "cert": certs.Cert, "key": certs.Key}})
	if err != nil {
		l.Fatal(err)
	}
	s.Protected = protected
	return s
}

// remote are settings with the lab's certificates.
func (l *lab) remote(public string) agent.Settings {
	triple := l.keys.Triple()
	return l.settings(public, &triple)
}

// enable gives the extension settings and waits for the end.
func (l *lab) enable(s agent.Settings) agent.Status {
	l.Helper()
	if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
		l.Logf("enable: %v", err)
	}
	return l.wait()
}

func (l *lab) wait() agent.Status {
	l.Helper()
	walk, err := l.agent.WaitTerminal(l.ctx(), nil)
	if err != nil {
		l.Fatalf("no end: %v; last status %+v", err, walk.Last())
	}
	return walk.Last()
}

// succeed is enable that must end well.
func (l *lab) succeed(s agent.Settings) agent.Status {
	l.Helper()
	status := l.enable(s)
	if status.State != agent.Success {
		l.Fatalf("status %s", show(status))
	}
	return status
}

func show(s agent.Status) string {
	text := fmt.Sprintf("%s (%d): %s", s.State, s.Code, s.Message)
	for _, sub := range s.Substatus {
		text += fmt.Sprintf("\n    %-14s %-8s %s", sub.Name, sub.State, sub.Message)
	}
	return text
}

// sh runs a script in the VM and gives what it printed.
func (l *lab) sh(script string) string {
	l.Helper()
	out, err := l.vm.Sh(l.ctx(), script)
	if err != nil {
		l.Fatalf("%s: %v\n%s", script, err, out)
	}
	return strings.TrimSpace(out)
}

func (l *lab) showLog() {
	for _, name := range []string{"docker-extension.log", "CommandExecution.log"} {
		if text, err := l.vm.ReadFile(filepath.Join(agent.LogDir, agent.DefaultName, name)); err == nil {
			l.Logf("%s:\n%s", name, text)
		}
	}
}
