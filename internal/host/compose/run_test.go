package compose

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/docker"
	"docker-extension/internal/host/files"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// host is a folder with a compose that notes how it was called, and an engine that answers.
type host struct {
	*testing.T
	dir string
}

func newHost(t *testing.T, answer http.HandlerFunc) host {
	t.Helper()
	dir, err := os.MkdirTemp("", "compose") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, sub := range []string{"run", "bin", "etc/docker/compose"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	listener, err := net.Listen("unix", filepath.Join(dir, docker.Socket))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: answer}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return host{t, dir}
}

// program puts a shell script in place.
func (h host) program(path, script string) {
	h.Helper()
	file := filepath.Join(h.dir, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		h.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		h.Fatal(err)
	}
}

func (h host) read(name string) string {
	h.Helper()
	content, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil {
		h.Fatal(err)
	}
	return strings.TrimSpace(strings.ReplaceAll(string(content), h.dir, ""))
}

func (h host) compose() Compose {
	root := files.New(h.dir)
	return Compose{
		Root: root, Runner: command.Runner{Path: filepath.Join(h.dir, "bin") + ":/bin:/usr/bin"}, Engine: docker.Engine{Root: root},
		File: "/etc/docker/compose/docker-compose.yml", Credentials: "/root/.docker",
		Settled: 20 * time.Millisecond, Patience: 200 * time.Millisecond,
	}
}

const note = `echo "$(basename "$0") $*" >"$(dirname "$0")/../argv"; env >"$(dirname "$0")/../env"`

func blog() state.Project {
	return state.Project{
		Services:    map[string]string{"web": "wordpress"},
		Environment: map[string]secret.Secret{"PW": secret.New("hush hush")},
	}
}

// running is an engine with one container, whose state is said.
func running(service, status string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/containers/json":
			fmt.Fprintf(w, `[{"Id": "1", "State": "running", "Labels": {"com.docker.compose.service": %q}}]`, service)
		case "/containers/1/json":
			fmt.Fprintf(w, `{"State": %s}`, status)
		case "/containers/1/logs":
			fmt.Fprint(w, "\x02\x00\x00\x00\x00\x00\x00\x05moon\n")
		default:
			http.NotFound(w, r)
		}
	}
}

// The value of a variable is in the child's environment, and not in its arguments. Which of the two
// programs is called depends on the plugin. The arguments are those that every compose since 1.25 takes.
func TestUpHandsVariablesOverInTheEnvironment(t *testing.T) {
	const args = "--project-name shop --file /etc/docker/compose/docker-compose.yml up --detach --remove-orphans"
	for name, want := range map[string]string{"plugin": "docker compose " + args, "program": "docker-compose " + args} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, running("web", `{"Status": "running"}`))
			h.program("bin/docker-compose", note)
			if name == "plugin" {
				h.program("usr/libexec/docker/cli-plugins/docker-compose", "exit 1")
				h.program("bin/docker", note)
			}
			if err := h.compose().Up(t.Context(), "shop", blog()); err != nil {
				t.Fatal(err)
			}
			if got := h.read("argv"); got != want {
				t.Errorf("called %q", got)
			}
			env := strings.Split(h.read("env"), "\n")
			for _, variable := range []string{"PW=hush hush", "DOCKER_CONFIG=/root/.docker", "CLICOLOR=0"} {
				if !slices.Contains(env, variable) {
					t.Errorf("%s is not in the environment\n%s", variable, env)
				}
			}
		})
	}
}

func TestUpTellsWhoDoesNotRun(t *testing.T) {
	tests := []struct{ name, script, service, status, want string }{
		{"compose fails", "echo 'ERROR: no such option' >&2; exit 1", "web", `{"Status": "running"}`,
			"cannot bring up project shop: no such option (correct compose in the settings)"},
		{"a service fails", "exit 0", "web", `{"Status": "exited", "ExitCode": 3}`,
			"project shop does not stay up: service web ended with exit code 3; its last lines: moon (" + hintLogs + ")"},
		{"a service fails again and again", "exit 0", "web", `{"Status": "restarting", "ExitCode": 3}`,
			"project shop does not stay up: service web ends again and again, with exit code 3; its last lines: moon (" + hintLogs + ")"},
		{"both", "echo 'ERROR: no port' >&2; exit 1", "web", `{"Status": "created", "Error": "no port"}`,
			"cannot bring up project shop: service web cannot start: no port; its last lines: moon (" + hintLogs + ")"},
		{"no container", "exit 0", "other", `{"Status": "running"}`, "project shop does not stay up: there is no container of web (" + hintLogs + ")"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := newHost(t, running(test.service, test.status))
			h.program("bin/docker-compose", test.script)
			err := h.compose().Up(t.Context(), "shop", blog())
			if got := fault.Sentence(err, 0); fault.CodeOf(err) != fault.Compose || got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// An image that the engine has is not pulled; one that cannot be had is named.
func TestPull(t *testing.T) {
	h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/images/wordpress/json" {
			fmt.Fprint(w, `{}`)
			return
		}
		http.NotFound(w, r)
	})
	h.program("bin/docker-compose", "echo 'Error response from daemon: manifest unknown'; exit 18")
	if err := h.compose().Pull(t.Context(), "shop", blog(), "web"); err != nil {
		t.Errorf("an image that is there: %v", err)
	}
	project := blog()
	project.Services["web"] = "nobody/nothing"
	err := h.compose().Pull(t.Context(), "shop", project, "web")
	if fault.CodeOf(err) != fault.ImagePull || !strings.Contains(err.Error(), "cannot pull nobody/nothing: manifest unknown") {
		t.Errorf("got %v", err)
	}
}

// Down needs no program: containers first, then networks, volumes never.
func TestDown(t *testing.T) {
	var asked []string
	h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		if r.URL.Query().Has("v") {
			t.Errorf("asked to remove volumes: %s", r.URL)
		}
		switch {
		case r.Method == http.MethodGet && r.URL.Path == "/containers/json":
			fmt.Fprint(w, `[{"Id": "1", "Names": ["/a"]}, {"Id": "2", "Names": ["/b"]}]`)
		case r.Method == http.MethodGet && r.URL.Path == "/networks":
			fmt.Fprint(w, `[{"Id": "n"}, {"Id": "busy"}]`)
		case r.URL.Path == "/networks/busy":
			http.Error(w, `{"message": "has active endpoints"}`, http.StatusForbidden)
		}
	})
	if err := h.compose().Down(t.Context(), "shop"); err != nil {
		t.Fatal(err)
	}
	want := "GET /containers/json, POST /containers/1/stop, DELETE /containers/1, POST /containers/2/stop, DELETE /containers/2, GET /networks, DELETE /networks/n, DELETE /networks/busy"
	if got := strings.Join(asked, ", "); got != want {
		t.Errorf("asked %s", got)
	}
}

func TestObserve(t *testing.T) {
	tests := []struct {
		status string
		want   state.Container
	}{
		{`running`, state.Container{Service: "web", Running: true}},
		{`paused`, state.Container{Service: "web", Running: true}},
		{`restarting`, state.Container{Service: "web"}},
		{`exited`, state.Container{Service: "web", Ended: true}},
	}
	for _, test := range tests {
		h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/containers/json" {
				fmt.Fprintf(w, `[{"Id": "1", "State": %q, "Labels": {"com.docker.compose.service": "web"}}]`, test.status)
				return
			}
			fmt.Fprintf(w, `{"State": {"Status": %q}}`, test.status)
		})
		seen, err := h.compose().Observe(context.Background(), "shop")
		if err != nil || len(seen) != 1 || seen[0] != test.want {
			t.Errorf("%s: got %+v, %v", test.status, seen, err)
		}
	}
}
