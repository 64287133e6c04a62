package handler

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

// deployment is one version of an extension as the agent leaves it.
type deployment struct {
	folder, state string
	age           time.Duration // of the config folder
	foreign       bool          // without our program in it
}

func (d deployment) lay(t *testing.T, root string) {
	t.Helper()
	dir := filepath.Join(root, agentFolder, d.folder)
	for _, sub := range []string{"bin", "config", "status"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	environment := `[{"name":"P.T","handlerEnvironment":{"configFolder":"` + filepath.Join(agentFolder, d.folder, "config") +
		`","statusFolder":"` + filepath.Join(agentFolder, d.folder, "status") + `"}}]`
	all := map[string]string{"HandlerEnvironment.json": environment, "config/HandlerState": d.state, "config/0.settings": "", "config/3.settings": "", "bin/docker-extension": ""}
	if d.foreign {
		delete(all, "bin/docker-extension")
	}
	for _, name := range slices.Sorted(maps.Keys(all)) { // the newest settings last
		if err := os.WriteFile(filepath.Join(dir, name), []byte(all[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Now().Add(-d.age)
	if err := os.Chtimes(filepath.Join(dir, "config"), at, at); err != nil {
		t.Fatal(err)
	}
}

func TestDeployed(t *testing.T) {
	const copied = "/var/lib/docker-extension/bin/docker-extension"
	tests := []struct {
		name        string
		there       []deployment
		dir         string
		executable  string
		wantVersion string // "" for none
	}{
		{"one", []deployment{{folder: "P.T-1.0.0", state: "Enabled"}}, "", copied, "1.0.0"},
		{"none", nil, "", copied, ""},
		{"another's", []deployment{{folder: "Q.U-1.0.0", state: "Enabled", foreign: true}}, "", copied, ""},
		{"the enabled one, not the newest", []deployment{{folder: "P.T-1.0.0", state: "Enabled", age: time.Hour}, {folder: "P.T-2.0.0", state: "FailedUpgrade"}}, "", copied, "1.0.0"},
		{"the newest of two", []deployment{{folder: "P.T-1.0.0", state: "Enabled", age: time.Hour}, {folder: "P.T-1.0.1", state: "Enabled"}}, "", copied, "1.0.1"},
		{"the program's own folder", []deployment{{folder: "P.T-1.0.0", state: "Enabled"}, {folder: "P.T-2.0.0", state: "NotInstalled"}}, "",
			agentFolder + "/P.T-2.0.0/bin/docker-extension-amd64", "2.0.0"},
		{"a named folder", []deployment{{folder: "P.T-1.0.0", state: "Enabled"}, {folder: "P.T-2.0.0"}}, agentFolder + "/P.T-2.0.0", copied, "2.0.0"},
		{"a named folder without it", []deployment{{folder: "P.T-1.0.0", state: "Enabled"}}, "/srv", copied, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			for _, d := range test.there {
				d.lay(t, root)
			}
			call, err := Deployed(files.New(root), test.dir, test.executable)
			switch {
			case test.wantVersion == "":
				if fault.CodeOf(err) != fault.Environment {
					t.Errorf("got %v, %v", call, err)
				}
			case err != nil:
				t.Error(err)
			case call.Version != test.wantVersion || call.Sequence != 3 || call.Log == nil || call.Secrets == nil:
				t.Errorf("version %s, sequence %d", call.Version, call.Sequence)
			}
		})
	}
}

// What a Reporter writes is read back.
func TestReadStatus(t *testing.T) {
	root := files.New(t.TempDir())
	if err := root.MakeDir("/status", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, ok := ReadStatus(root, "/status", 4); ok {
		t.Error("a status that is not there was read")
	}
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	r := NewReporter(root, "/status", 4, "Enable", "P.T", func() time.Time { return at })
	if err := r.Fail(fault.New(fault.Busy, "/lock", "wait", "is held"), []Substatus{{Name: "packages", Status: Error, Message: "m"}}); err != nil {
		t.Fatal(err)
	}
	s, ok := ReadStatus(root, "/status", 4)
	if !ok || s.Status != "error" || s.Code != fault.Busy || s.Message != "/lock: is held (wait)" || !s.Written.Equal(at) || !s.Applied.Equal(at) ||
		len(s.Substatuses) != 1 || s.Substatuses[0] != (LastSubstatus{"packages", "error", "m"}) {
		t.Errorf("%+v", s)
	}
	for _, content := range []string{"", "[]", "{"} {
		if s, ok := parseStatus([]byte(content)); ok {
			t.Errorf("%q was read as %+v", content, s)
		}
	}
}
