package docker

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

func TestContainers(t *testing.T) {
	e, dir := host(t)
	serve(t, dir, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/containers/json":
			if got := r.URL.Query().Get("filters"); got != `{"label":["com.docker.compose.project=shop"]}` || r.URL.Query().Get("all") != "1" {
				t.Errorf("filters are %s", got)
			}
			fmt.Fprint(w, `[{"Id": "1", "Names": ["/shop-web-1"], "State": "running", "Labels": {"com.docker.compose.service": "web", "com.docker.compose.oneoff": "False"}},
				{"Id": "2", "Names": ["/shop_web_run"], "State": "running", "Labels": {"com.docker.compose.service": "web", "com.docker.compose.oneoff": "True"}}]`)
		case "/containers/1/json":
			fmt.Fprint(w, `{"State": {"Status": "exited", "ExitCode": 3, "Error": "no"}, "RestartCount": 2, "Config": {"Tty": true}}`)
		case "/containers/1/logs":
			fmt.Fprint(w, "one\r\n\ntwo\n")
		default:
			http.Error(w, `{"message": "No such container"}`, http.StatusNotFound)
		}
	})
	found, err := e.Containers(t.Context(), "shop")
	want := []Container{
		{ID: "1", Name: "shop-web-1", Service: "web", State: "running"},
		{ID: "2", Name: "shop_web_run", Service: "web", State: "running", OneOff: true},
	}
	if err != nil || !slices.Equal(found, want) {
		t.Fatalf("got %+v, %v", found, err)
	}
	full, err := e.Look(t.Context(), found[0])
	if err != nil || full.State != "exited" || full.ExitCode != 3 || full.Error != "no" || full.Restarts != 2 || !full.TTY {
		t.Errorf("got %+v, %v", full, err)
	}
	if lines := e.LastLines(t.Context(), full, 5); lines != "one | two" {
		t.Errorf("the last lines are %q", lines)
	}
	gone := Container{ID: "9", State: "exited"}
	if same, err := e.Look(t.Context(), gone); err != nil || same != gone {
		t.Errorf("one that is gone: %+v, %v", same, err)
	}
	if err := e.Remove(t.Context(), gone); err != nil {
		t.Errorf("one that is gone: %v", err)
	}
	if lines := e.LastLines(t.Context(), gone, 5); lines != "" {
		t.Errorf("one that is gone says %q", lines)
	}
}

func TestHasImage(t *testing.T) {
	e, dir := host(t)
	serve(t, dir, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/images/registry.test:5443/team/app:1/json":
			fmt.Fprint(w, `{"Id": "x"}`)
		case "/images/broken/json":
			http.Error(w, "no disk", http.StatusInternalServerError)
		default:
			http.Error(w, `{"message": "No such image"}`, http.StatusNotFound)
		}
	})
	for name, want := range map[string]bool{"registry.test:5443/team/app:1": true, "mysql": false} {
		if got, err := e.HasImage(t.Context(), name); got != want || err != nil {
			t.Errorf("%s: got %t, %v", name, got, err)
		}
	}
	if _, err := e.HasImage(t.Context(), "broken"); fault.CodeOf(err) != fault.EngineSilent {
		t.Errorf("got %v", err)
	}
}

func TestUnframed(t *testing.T) {
	for text, want := range map[string]string{
		"\x01\x00\x00\x00\x00\x00\x00\x03abc\x02\x00\x00\x00\x00\x00\x00\x02de": "abcde",
		"\x01\x00\x00\x00\x00\x00\x00\x09cut off":                               "cut off", "\x01\x00\x00": "", "\x01\x00\x00\x00\xff\xff\xff\xffx": "x",
	} {
		if got := string(unframed([]byte(text))); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

// A login without a server is for Docker Hub, which nobody has named: the message says so.
func TestProveAtDockerHub(t *testing.T) {
	for answer, want := range map[string]string{
		`{"message": "unauthorized: incorrect username or password"}`: "protectedSettings.login: cannot log in to Docker Hub, which a login without server is for: unauthorized: incorrect username or password " +
			"(correct username and password of Docker Hub, or name the registry that the account is for as server in login)",
		`{"message": "no such host"}`: "protectedSettings.login: cannot log in to Docker Hub, which a login without server is for: no such host " +
			"(let the VM reach Docker Hub, or name the registry that the account is for as server in login)",
	} {
		e, dir := host(t)
		serve(t, dir, func(w http.ResponseWriter, _ *http.Request) {
			status := http.StatusInternalServerError
			if strings.Contains(answer, "unauthorized") {
				status = http.StatusUnauthorized
			}
			w.WriteHeader(status)
			fmt.Fprint(w, answer)
		})
		if got := fault.Sentence(e.Prove(t.Context(), state.Account{Server: state.DockerHub, Username: "robot"}), 0); got != want {
			t.Errorf("got %s", got)
		}
	}
}

// The password is in the body of the question, and in nothing else.
func TestProve(t *testing.T) {
	account := state.Account{Server: "r:5000", Username: "robot", Password: secret.New("hush")}
	tests := []struct {
		name   string
		status int
		answer string
		want   string
	}{
		{"right", http.StatusOK, `{"Status": "Login Succeeded"}`, ""},
		{"wrong", http.StatusUnauthorized, `{"message": "unauthorized: no"}`, "cannot log in to r:5000: unauthorized: no (correct username and password of r:5000 in login)"},
		{"wrong, of a registry without tokens", http.StatusInternalServerError, `{"message": "failed with status: 401 Unauthorized"}`,
			"401 Unauthorized (correct username and password of r:5000 in login)"},
		{"out of reach", http.StatusInternalServerError, `{"message": "no such host"}`, "cannot log in to r:5000: no such host (let the VM reach r:5000, or correct server in login)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, dir := host(t)
			serve(t, dir, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if got := string(body); err != nil || r.URL.Path != "/auth" || got != `{"password":"hush","serveraddress":"r:5000","username":"robot"}` {
					t.Errorf("asked %s with %s, %v", r.URL, got, err)
				}
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.answer)
			})
			err := e.Prove(t.Context(), account)
			if test.want == "" && err == nil {
				return
			}
			sentence := fault.Sentence(err, 0)
			if fault.CodeOf(err) != fault.Login || !strings.Contains(sentence, test.want) || strings.Contains(sentence, "hush") {
				t.Errorf("got %s", sentence)
			}
		})
	}
}
