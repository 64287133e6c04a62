package docker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// Each case is a dockerd that says something, and what becomes of it. The words are those of 20.10.24
// and 26.1.5.
func TestApproves(t *testing.T) {
	tests := []struct {
		name, script string // "" = no dockerd
		want         string // in the fault; "" = none
	}{
		{"not installed", "", ""},
		{"content", `echo "configuration OK"`, ""},
		{"cannot be asked", `echo "Status: unknown flag: --validate"; echo "See 'dockerd --help'., Code: 125"; exit 125`, ""},
		{"unknown key", `echo "unable to configure the Docker daemon with file ${2#*=}: the following directives don't match any configuration option: nope"; exit 1`,
			"/etc/docker/daemon.json: the engine would not start with it: the following directives don't match any configuration option: nope"},
		{"log line last", `echo "conflict labels for a=2 and a=1"; echo 'time="x" level=info'; exit 1`, "would not start with it: conflict labels for a=2 and a=1"},
		{"password", `echo "invalid proxy http://u:hunter2@p:1"; exit 1`, "invalid proxy http://[redacted]@p:1"},
		{"killed", `kill -9 $$`, "cannot ask the engine about the file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			if test.script != "" {
				script := "#!/bin/sh\n[ \"$1\" = --validate ] && grep -q mtu \"${2#*=}\" || exit 7\n" + test.script + "\n"
				if err := os.WriteFile(filepath.Join(root, "dockerd"), []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(filepath.Join(root, "run"), 0o755); err != nil {
				t.Fatal(err)
			}
			a := Approver{Root: files.New(root), Runner: command.Runner{Path: root + ":/usr/bin:/bin"}}
			err := a.Approves(t.Context(), "/etc/docker/daemon.json", []byte(`{"mtu": 1400}`))
			if (err == nil) != (test.want == "") || err != nil && (fault.CodeOf(err) != fault.EngineRefuses || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v", err)
			}
			if left, err := os.ReadDir(filepath.Join(root, stagedFolder)); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// A run that is killed while the engine looks at a configuration leaves it behind, until the folder is swept.
func TestStagedFileIsSwept(t *testing.T) {
	root := files.New(t.TempDir())
	if err := root.Write(staged, state.File{Exists: true, Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	if err := root.SweepFolder(stagedFolder); err != nil || root.Exists(staged) {
		t.Errorf("it is there: %v, error %v", root.Exists(staged), err)
	}
}

// What an engine is too old for is known before it is asked, also of one that cannot be asked.
func TestApprovesOfWhatTheEngineIsNewEnoughFor(t *testing.T) {
	const (
		refuses = "/etc/docker/daemon.json: the engine would not start with it: "
		has20   = ", and this VM has 20.10.24+dfsg1"
	)
	tests := map[string]struct{ version, content, want string }{
		"old key":              {"20.10.24+dfsg1", `{"mtu": 1400}`, ""},
		"new key, old engine":  {"20.10.24+dfsg1", `{"log-format": "json"}`, refuses + "log-format is new in Docker 25.0" + has20},
		"two of them":          {"20.10.24+dfsg1", `{"proxies": {}, "log-format": "json"}`, refuses + "log-format is new in Docker 25.0, proxies is new in Docker 23.0" + has20},
		"new key, new engine":  {"26.1.5+dfsg1", `{"log-format": "json"}`, ""},
		"mirror's path":        {"20.10.24+dfsg1", `{"registry-mirrors": ["https://mirror.example.com/hub"]}`, refuses + "a path in registry-mirrors is new in Docker 24.0.8" + has20},
		"mirror's path, later": {"26.1.5+dfsg1", `{"registry-mirrors": ["https://mirror.example.com/hub"]}`, ""},
		"unknown version":      {"library-import", `{"log-format": "json"}`, ""},
		"a person's bridge":    {"20.10.24+dfsg1", `{"bridge": "br0", "bip": "10.1.0.1/24"}`, refuses + "bip cannot stand beside bridge"},
		"not installed":        {"", `{"log-format": "json"}`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			if test.version != "" {
				script := "#!/bin/sh\n[ \"$1\" = --validate ] && { echo 'unknown flag: --validate'; exit 125; }\n" +
					"[ $# = 1 ] && [ \"$1\" = --version ] && echo 'Docker version " + test.version + ", build 297e128'\n"
				if err := os.WriteFile(filepath.Join(root, "dockerd"), []byte(script), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Mkdir(filepath.Join(root, "run"), 0o755); err != nil {
				t.Fatal(err)
			}
			a := Approver{Root: files.New(root), Runner: command.Runner{Path: root + ":/usr/bin:/bin"}}
			err := a.Approves(t.Context(), "/etc/docker/daemon.json", []byte(test.content))
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || err.Error() != test.want || fault.CodeOf(err) != fault.EngineRefuses):
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
