package engine

import (
	"strings"
	"testing"
)

func TestStoppedTellsTheEngineFirst(t *testing.T) {
	facts := settled(t, remote(), fresh())
	goal, err := Stopped(facts)
	want := strings.Join([]string{
		"write /etc/docker/daemon.json",
		"do not start at boot: docker.service, docker.socket",
		"reload docker.service",
		"stop docker.socket, docker.service",
	}, "\n")
	if got := steps(t, goal, err); got != want {
		t.Errorf("steps:\n%s\nwant:\n%s", got, want)
	}
	stopped := obey(facts, goal)
	goal, err = Stopped(stopped)
	if got := steps(t, goal, err); got != "" {
		t.Errorf("second time:\n%s", got)
	}
	goal, err = Running(remote(), stopped)
	if got := steps(t, goal, err); !strings.Contains(got, "start docker.socket, docker.service") {
		t.Errorf("enabled again:\n%s", got)
	}
}

func TestStoppedWithoutAnEngine(t *testing.T) {
	goal, err := Stopped(fresh())
	if got := steps(t, goal, err); got != "" {
		t.Errorf("steps:\n%s", got)
	}
}
