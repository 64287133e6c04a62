package compose

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// A person's project in ~/compose has the name of ours. His containers are neither taken away nor taken for ours.
func TestAnotherProjectOfTheSameName(t *testing.T) {
	h := newHost(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == http.MethodGet && r.URL.Path == "/containers/json":
			fmt.Fprint(w, `[{"Id": "1", "Names": ["/compose-wiki-1"], "State": "running", "Labels": {
				"com.docker.compose.service": "wiki", "com.docker.compose.project.working_dir": "/home/ada/compose"}}]`)
		case r.Method == http.MethodGet:
			fmt.Fprint(w, `[]`)
		default:
			t.Errorf("%s %s", r.Method, r.URL.Path)
		}
	})
	h.program("bin/docker-compose", "exit 7")
	if err := h.compose().Down(t.Context(), "compose"); err != nil {
		t.Error(err)
	}
	if seen, err := h.compose().Observe(t.Context(), "compose"); err != nil || len(seen) > 0 {
		t.Errorf("seen: %v, %v", seen, err)
	}
	err := h.compose().Up(t.Context(), "compose", state.Project{Services: map[string]string{"web": "nginx"}})
	const want = "cannot bring up project compose: container compose-wiki-1 was made from the compose file in /home/ada/compose, and its project has the same name"
	if fault.CodeOf(err) != fault.Compose || !strings.HasPrefix(fault.Sentence(err, 0), want) {
		t.Errorf("up: %v", err)
	}
}

// What was made from our file is ours, and so is what an old compose made, which does not say from which.
func TestContainersOfOurFile(t *testing.T) {
	var h host
	h = newHost(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `[{"Id": "1", "Labels": {"com.docker.compose.project.working_dir": %q}}, {"Id": "2", "Labels": {}}]`, h.dir+"/etc/docker/compose")
	})
	if ours, err := h.compose().containers(t.Context(), "compose"); err != nil || len(ours) != 2 {
		t.Errorf("%v, %v", ours, err)
	}
}

// A container of `compose run` in a person's project of that name may be all of it. Compose up to
// 2.26 removes it even while it runs, since it is of no service in our file. One of ours is no
// reason to refuse anything.
func TestAnotherOneOffOfTheSameName(t *testing.T) {
	for folder, refused := range map[string]bool{"/home/ada/compose": true, "": false} {
		h := newHost(t, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `[{"Id": "1", "Names": ["/compose-job-run-1"], "State": "exited", "Labels": {
				"com.docker.compose.service": "job", "com.docker.compose.oneoff": "True", "com.docker.compose.project.working_dir": %q}}]`, folder)
		})
		if err := h.compose().refuseOthers(t.Context(), "compose"); err != nil != refused {
			t.Errorf("made in %q: %v", folder, err)
		}
		if ours, err := h.compose().containers(t.Context(), "compose"); err != nil || len(ours) > 0 {
			t.Errorf("made in %q: %v, %v", folder, ours, err)
		}
	}
}

// A person's container of a project of that name is on the project's networks too. The engine removes one that no
// running container is on, and a stopped one does not start again without it.
func TestDownBesideAnother(t *testing.T) {
	var asked []string
	var h host
	h = newHost(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		if r.Method == http.MethodGet && r.URL.Path == "/containers/json" {
			fmt.Fprintf(w, `[{"Id": "1", "Labels": {"com.docker.compose.project.working_dir": %q}},
				{"Id": "2", "State": "exited", "Labels": {"com.docker.compose.project.working_dir": "/home/ada/compose"}}]`, h.dir+"/etc/docker/compose")
		} else if r.Method == http.MethodGet {
			fmt.Fprint(w, `[{"Id": "n"}]`)
		}
	})
	if err := h.compose().Down(t.Context(), "compose"); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(asked, ", "); got != "GET /containers/json, POST /containers/1/stop, DELETE /containers/1" {
		t.Errorf("asked %s", got)
	}
}
