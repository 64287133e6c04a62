package realagent

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

	"docker-extension/test/fabric/azure"
	"docker-extension/test/fabric/waagent"
	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/pki"
	"docker-extension/test/vm"
)

// extension is our name in the goal state.
const extension = agent.DefaultName

// lab is one VM with the real agent on it, the fabric that it talks to, and one person's certificates.
type lab struct {
	*testing.T
	vm     *vm.VM
	fabric *azure.Fabric
	agent  *waagent.Agent
	keys   *pki.Set
	pkg    agent.Package
	// goal is what the goal state says of us; set changes it.
	goal azure.Extension
	// others are the other extensions in the goal state.
	others []azure.Extension
	// secrets are all that went into protected settings, by name.
	secrets map[string]string
}

// onEachSuite runs a test on every Debian release at once.
func onEachSuite(t *testing.T, test func(l *lab)) {
	for _, suite := range vm.Suites() {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, suite)
			test(l)
			l.step("secrets", l.wantNoSecret)
		})
	}
}

// newLab boots the VM. The agent is configured and not started.
func newLab(t *testing.T, suite string) *lab {
	t.Helper()
	zip := os.Getenv("DOCKER_EXTENSION_PACKAGE")
	if zip == "" {
		t.Skip("DOCKER_EXTENSION_PACKAGE names no extension zip: run `make test`")
	}
	pkg, err := agent.OpenPackage(zip)
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{T: t, vm: vm.ForTest(t, suite), pkg: pkg, secrets: map[string]string{}}
	l.fabric, err = azure.New(t.Context(), testWriter{t})
	if err != nil {
		t.Fatal(err)
	}
	stop, err := l.fabric.Serve(t.Context(), l.vm.Namespace())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if l.agent, err = waagent.Configure(l.ctx(), l.vm); err != nil {
		t.Fatal(err)
	}
	if l.keys, err = pki.NewSet([]net.IP{net.ParseIP(l.vm.Address())}, "vm.example.com"); err != nil {
		t.Fatal(err)
	}
	l.fabric.Publish(extension, pkg)
	l.goal = azure.Extension{Name: extension, Version: pkg.Version, Seq: -1}
	t.Cleanup(l.finish)
	return l
}

// finish shows the logs of a test that failed.
func (l *lab) finish() {
	if !l.Failed() {
		return
	}
	logs := filepath.Join(agent.LogDir, extension)
	for _, name := range []string{filepath.Join(logs, "docker-extension.log"), filepath.Join(logs, "CommandExecution.log"), waagent.LogFile} {
		if text, err := l.vm.ReadFile(name); err == nil {
			l.Logf("%s:\n%s", name, text[max(0, len(text)-20000):])
		}
	}
}

// ctx bounds one act of a test.
func (l *lab) ctx() context.Context {
	ctx, cancel := context.WithTimeout(l.Context(), 15*time.Minute)
	l.Cleanup(cancel)
	return ctx
}

// step names the part of the story that begins, with the time that has gone.
func (l *lab) step(name string, act func()) {
	l.Helper()
	started := time.Now()
	act()
	l.Logf("== %s: %.1f s", name, time.Since(started).Seconds())
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

// settings encrypts settings to the VM as Azure does: public ones as JSON text, and the lab's
// certificates unless certs is nil.
func (l *lab) settings(public string, certs *pki.Triple) *agent.File {
	l.Helper()
	s := agent.Settings{Public: json.RawMessage(public)}
	if certs != nil {
		l.secrets["server key"] = certs.Key
		protected, err := json.Marshal(map[string]any{"certs": map[string]string{"ca": certs.CA, "cert": certs.Cert, "key": certs.Key}})
		if err != nil {
			l.Fatal(err)
		}
		s.Protected = protected
	}
	file, err := s.Seal(l.ctx(), l.fabric.Tenant())
	if err != nil {
		l.Fatal(err)
	}
	return &file
}

// configure gives us new settings with the lab's certificates, under the next sequence number.
func (l *lab) configure(public string) {
	l.Helper()
	triple := l.keys.Triple()
	l.goal.Settings = l.settings(public, &triple)
	l.goal.Seq++
	l.set()
}

// set makes a goal state of what the lab wants.
func (l *lab) set() {
	l.Helper()
	l.fabric.Set(append(l.others, l.goal)...)
}

// report is our part of an upload.
type report struct {
	azure.Handler
	goal int
}

// await waits for an upload that follows the present goal state and in which our part is as wanted.
func (l *lab) await(what string, want func(report) bool) report {
	l.Helper()
	return l.awaitAfter(0, what, want)
}

// awaitAfter does so for the uploads after the one with this number.
func (l *lab) awaitAfter(mark int, what string, want func(report) bool) report {
	l.Helper()
	number := l.fabric.Number()
	upload, err := l.fabric.Await(l.ctx(), mark, func(u azure.Upload) bool {
		h, ok := u.Handler(extension)
		return ok && u.Goal == number && want(report{h, u.Goal})
	})
	if err != nil {
		l.Fatalf("waiting for %s: %v", what, err)
	}
	h, _ := upload.Handler(extension)
	return report{h, upload.Goal}
}

// ended says that the settings in the goal state have come to an end, good or bad.
func (l *lab) ended(r report) bool {
	return r.Extension != nil && r.Version == l.goal.Version && r.Seq == l.goal.Seq && r.Extension.Terminal()
}

// succeed waits until the present settings are reported as a success.
func (l *lab) succeed() report {
	l.Helper()
	r := l.await("success", l.ended)
	if r.Extension.State != agent.Success || r.Status != "Ready" {
		l.Fatalf("the agent reports %s", show(r))
	}
	return r
}

func show(r report) string {
	text := fmt.Sprintf("%s %s: %s (%d) %s", r.Name, r.Version, r.Status, r.Code, r.Message)
	if r.Extension == nil {
		return text
	}
	text += fmt.Sprintf("\n  %d: %s (%d): %s", r.Seq, r.Extension.State, r.Extension.Code, r.Extension.Message)
	for _, sub := range r.Extension.Substatus {
		text += fmt.Sprintf("\n    %-14s %-8s %s", sub.Name, sub.State, sub.Message)
	}
	return text
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(p), "\n"))
	return len(p), nil
}
