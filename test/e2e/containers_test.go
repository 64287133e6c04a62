package e2e

import (
	"fmt"
	"strings"
)

// container is one that a test has started, with what must not change while it is left alone.
type container struct {
	name, pid, started string
}

// runContainer starts a container that does nothing for ever, with a restart policy ("no", "always",
// "unless-stopped") and further arguments of docker run. Its image is made without network, and it
// stops at once when it is asked to: a process 1 without a handler does not heed SIGTERM, and with
// live-restore a VM that shuts down would wait for it for 90 seconds.
func (l *lab) runContainer(name, policy string, args ...string) container {
	l.Helper()
	l.sh("docker image inspect busybox >/dev/null 2>&1 || docker import /opt/busybox.tar busybox")
	l.sh(fmt.Sprintf("docker run --detach --name %s --restart %s %s busybox sh -c 'trap exit TERM; while :; do sleep 3600 & wait; done'", name, policy, strings.Join(args, " ")))
	return l.container(name)
}

// container looks at a container of this name.
func (l *lab) container(name string) container {
	l.Helper()
	words := strings.Fields(l.inspect(name, "{{.State.Running}} {{.State.Pid}} {{.State.StartedAt}}"))
	if len(words) != 3 || words[0] != "true" {
		l.Fatalf("the container %s does not run: %q", name, words)
	}
	return container{name: name, pid: words[1], started: words[2]}
}

// inspect gives what docker knows of a container, in the form of a Go template.
func (l *lab) inspect(name, format string) string {
	l.Helper()
	return l.sh(fmt.Sprintf("docker container inspect --format '%s' %s", format, name))
}

// wantUntouched wants that the container is the very process that it was.
func (c container) wantUntouched(l *lab) {
	l.Helper()
	if now := l.container(c.name); now != c {
		l.Errorf("the container %s has process %s since %s, before %s since %s", c.name, now.pid, now.started, c.pid, c.started)
	}
}

// enginePID gives the process of dockerd, "0" if it does not run.
func (l *lab) enginePID() string {
	l.Helper()
	return l.sh("systemctl show docker.service -P MainPID")
}
