package preview

import (
	"fmt"
	"strings"
	"testing"

	"docker-extension/internal/converge"
	"docker-extension/internal/state"
)

func text(content string) state.File {
	return state.File{Exists: true, Mode: 0o644, Content: []byte(content)}
}

func lines(d Document) string {
	all := ""
	for _, line := range d.Lines() {
		all += line.Text + "\n"
	}
	return all
}

// What a file becomes is shown, and what is secret in it is not.
func TestFiles(t *testing.T) {
	key := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
	tests := []struct {
		name, path  string
		old, wanted state.File
		want        string
	}{
		{"a new file", "/a", state.File{}, text("x\n"), "--- /dev/null\n+++ /a\n@@ -0,0 +1,1 @@\n+x\n"},
		{"a changed file", "/a", text("x\ny\n"), text("x\nz\n"), "--- /a\n+++ /a\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n"},
		{"a file that goes", "/a", text("x\n"), state.File{}, "--- /a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n"},
		{"a mode alone", "/a", text("x"), state.File{Exists: true, Mode: 0o600, Content: []byte("x")}, "/a: mode becomes 0600\n"},
		{"a known secret", "/a", state.File{}, text("hush\n"), "--- /dev/null\n+++ /a\n@@ -0,0 +1,1 @@\n+[redacted]\n"},
		{"another known secret", "/a", text("hush\n"), text("hush hush\n"), "--- /a\n+++ /a\n@@ -1,1 +1,1 @@\n-[redacted]\n+[redacted] [redacted]\n"},
		{"a key for a key", "/k.pem", text(key), text(strings.ReplaceAll(key, "A", "B")), "--- /k.pem\n+++ /k.pem\n-[redacted]\n+[redacted], another one\n"},
		{"a new key", "/k.pem", state.File{}, text(key), "--- /dev/null\n+++ /k.pem\n@@ -0,0 +1,1 @@\n+a private key: [redacted]\n"},
		{"no PEM", "/k.pem", state.File{}, text("geheim"), "--- /dev/null\n+++ /k.pem\n@@ -0,0 +1,1 @@\n+[redacted]\n"},
		{"accounts", "/root/.docker/config.json", text(`{"auths":{"a":{"auth":"geheim"}}}`), text(`{"auths":{"a":{"auth":"geheim"},"b":{"auth":"c"}},"credsStore":"geheim"}`),
			"--- /root/.docker/config.json\n+++ /root/.docker/config.json\n@@ -1,1 +1,3 @@\n account at a: [redacted]\n+account at b: [redacted]\n+credsStore: [redacted]\n"},
		{"a proxy's password of a person", "/d", state.File{}, text(`{"http-proxy": "http://me:geheim@proxy:1"}` + "\n"),
			"--- /dev/null\n+++ /d\n@@ -0,0 +1,1 @@\n+{\"http-proxy\": \"http://me:[redacted]@proxy:1\"}\n"},
	}
	hide := func(_, s string) string { return strings.ReplaceAll(s, "hush", "[redacted]") }
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			goal := state.Goal{Have: state.State{Files: map[string]state.File{test.path: test.old}}}
			step := converge.WriteFiles{Part: "part", Paths: []string{test.path}, Files: map[string]state.File{test.path: test.wanted}}
			d := Make(goal, []converge.Step{step}, hide)
			got := strings.TrimPrefix(lines(d), "1. part: "+step.Summary()+"\n")
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			if all := fmt.Sprintf("%+v", d); strings.Contains(all, "geheim") || strings.Contains(all, "hush") || strings.Contains(all, "AAAA") {
				t.Errorf("a secret is shown: %s", all)
			}
		})
	}
}

func TestReasons(t *testing.T) {
	goal := state.Goal{
		Have: state.State{Units: map[string]state.Unit{"d.service": {Active: true}}, Projects: map[string]state.Project{"p": {Digest: "1"}}},
		Want: state.State{Units: map[string]state.Unit{"d.service": {Active: true, Started: "2"}}},
	}
	d := Make(goal, []converge.Step{
		converge.RestartUnits{Stop: []string{"d.service"}, Start: []string{"d.service"}},
		converge.RaiseProject{Project: "p", Wanted: state.Project{Up: true, Digest: "1"}},
		converge.RaiseProject{Project: "p", Wanted: state.Project{Up: true, Digest: "2"}},
	}, func(_, s string) string { return s })
	want := "1. d: restart d.service\nbecause a file that d.service reads was changed on this VM since the extension last started it\n" +
		"2. containers: bring up project p:  (within 10 minutes)\nbecause not all of its services run\n" +
		"3. containers: bring up project p:  (within 10 minutes)\n"
	if got := lines(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if d := Make(state.Goal{Notes: []string{"n"}}, nil, func(_, s string) string { return strings.ToUpper(s) }); !d.NothingToDo || d.Notes[0] != "N" || d.Steps == nil {
		t.Errorf("nothing: %+v", d)
	}
}

// A file that is written twice in a run is shown as each step finds it.
func TestFileWrittenTwice(t *testing.T) {
	old, between := text("x\n"), text("y\n")
	write := func(f state.File) converge.Step {
		return converge.WriteFiles{Part: "part", Paths: []string{"/a"}, Files: map[string]state.File{"/a": f}}
	}
	goal := state.Goal{Have: state.State{Files: map[string]state.File{"/a": old}}}
	want := "1. part: write /a\n--- /a\n+++ /a\n@@ -1,1 +1,1 @@\n-x\n+y\n2. part: write /a\n--- /a\n+++ /a\n@@ -1,1 +1,1 @@\n-y\n+x\n"
	if got := lines(Make(goal, []converge.Step{write(between), write(old)}, func(_, s string) string { return s })); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !goal.Have.Files["/a"].Equal(old) {
		t.Error("what is there was changed")
	}
}
