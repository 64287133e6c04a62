package compose

import (
	"context"
	"errors"
	"testing"

	"docker-extension/internal/host/command"
	"docker-extension/internal/host/docker"
)

// Last lines of docker-compose 1.29 and of docker compose 2.26.
func TestReason(t *testing.T) {
	tests := []struct{ name, output, want string }{
		{"a port that is taken, compose 1", "Creating network \"x_default\"\nCreating x_web_1 ... \r\n\nERROR: for x_web_1  Cannot start service web: driver failed: address already in use\n\n" +
			"ERROR: for web  Cannot start service web: driver failed: address already in use\nERROR: Encountered errors while bringing up the project.\n",
			"for web Cannot start service web: driver failed: address already in use"},
		{"a wrong key, compose 1", "ERROR: The Compose file '/etc/docker/compose/docker-compose.yml' is invalid because:\nUnsupported config option for services.web: 'imgae'\n",
			"The Compose file '/etc/docker/compose/docker-compose.yml' is invalid because: Unsupported config option for services.web: 'imgae'"},
		{"a wrong key, compose 2", "validating docker-compose.yml: services.web Additional property imgae is not allowed\n",
			"validating docker-compose.yml: services.web Additional property imgae is not allowed"},
		{"an image, compose 2", " web Pulling \n web Error \nError response from daemon: manifest unknown\n", "manifest unknown"},
		{"silence", " \n", "docker ended with exit code 1"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := reason(&command.ExitError{Name: "docker", Code: 1, Tail: test.output}).Error(); got != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
	late := &command.ExitError{Name: "docker", Code: -1, Tail: "web Pulling", Cause: context.DeadlineExceeded}
	if got := reason(late); got.Error() != "docker did not end in time and was stopped: web Pulling" || !errors.Is(got, context.DeadlineExceeded) {
		t.Errorf("one that took too long: %v", got)
	}
}

func TestTogether(t *testing.T) {
	ran := errors.New("for web Cannot start service web: no such file")
	tests := []struct{ words, want string }{
		{"", "for web Cannot start service web: no such file"},
		{"service web cannot start: no such file", "service web cannot start: no such file"},
		{"service web cannot start: no such file; its last lines: a | b", "service web cannot start: no such file; its last lines: a | b"},
		{"service db ended with exit code 1", "for web Cannot start service web: no such file; service db ended with exit code 1"},
	}
	for _, test := range tests {
		if got := together(ran, test.words); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestFailure(t *testing.T) {
	tests := []struct {
		name      string
		container docker.Container
		restarts  int
		want      string
		over      bool
	}{
		{"runs", docker.Container{State: "running"}, 0, "", false},
		{"paused", docker.Container{State: "paused"}, 0, "", false},
		{"has done its work", docker.Container{State: "exited"}, 0, "", false},
		{"failed long ago, runs since", docker.Container{State: "running", Restarts: 3}, 3, "", false},
		{"failed", docker.Container{State: "exited", ExitCode: 3}, 0, "ended with exit code 3", true},
		{"fails", docker.Container{State: "restarting", ExitCode: 1, Restarts: 1}, 1, "ends again and again, with exit code 1", false},
		{"has just failed", docker.Container{State: "running", ExitCode: 1, Restarts: 2}, 1, "ends again and again, with exit code 1", false},
		{"no such program", docker.Container{State: "created", ExitCode: 127, Error: "no such file"}, 0, "cannot start: no such file", true},
	}
	for _, test := range tests {
		if got, over := failure(test.container, test.restarts); got != test.want || over != test.over {
			t.Errorf("%s: got %q, %t, want %q, %t", test.name, got, over, test.want, test.over)
		}
	}
}
