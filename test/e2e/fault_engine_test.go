package e2e

import (
	"context"
	"fmt"
	"time"

	"docker-extension/test/harness/agent"
)

const (
	dropIn = "/etc/systemd/system/docker.service.d/99-mishap.conf"
	// another port makes systemd stop socket and engine and start both.
	restarting = `{"docker":{"port":2377}}`
)

// engineMishaps are those of the engine, of containerd and of the units.
func engineMishaps() []mishap {
	return []mishap{
		{name: "port taken", brief: true, code: 53, strike: portTaken, settings: asks(restarting), says: []string{"docker.socket: cannot start", "listening socket (0.0.0.0:2377)", "it runs again", "see with ss -ltnp which program has the port"}},
		{name: "containerd stopped", brief: true, strike: script("systemctl stop containerd.service")},
		{name: "containerd masked", code: 53, strike: undone("systemctl mask --runtime --now containerd.service", "systemctl unmask --runtime containerd.service"),
			settings: asks(restarting), mute: true, restarted: true, says: []string{"docker.service: cannot start"}},
		{name: "containerd stopped, and a change that the engine refuses", brief: true, code: 53, strike: script("systemctl stop containerd.service"),
			settings: asks(`{"docker":{"port":2376,"options":["--storage-driver=nope"]}}`), says: []string{"docker.service: cannot start", "it runs again"}},
		{name: "dockerd killed", brief: true, strike: script("systemctl kill --signal=KILL --kill-whom=main docker.service 2>/dev/null || kill -9 $(pidof dockerd)")},
		{name: "dockerd stopped", strike: script("systemctl stop docker.socket docker.service")},
		{name: "dockerd failed too often", strike: script(`for i in 1 2 3 4 5 6; do
			systemctl kill --signal=KILL docker.service; systemctl start docker.service; done 2>/dev/null; true`)},
		{name: "dockerd loops", brief: true, code: 53, strike: wrapped("echo mishap: I will not start >&2; exit 1"), settings: asks(restarting), mute: true,
			says: []string{"docker.service: cannot start", "mishap: I will not start", "with them it does not start either"}},
		{name: "dockerd hangs at start", code: 53, strike: wrapped("exec sleep 3600"), settings: asks(restarting), meanwhile: outwaited, mute: true,
			says: []string{"docker.service: cannot start", "not finished"}},
		{name: "dockerd dies after 5 s", strike: wrapped("timeout --signal=KILL 5 \"$0.distrib\" \"$@\""), settings: asks(restarting), meanwhile: whatever, mute: true},
		{name: "a flag that fights daemon.json", code: 53, strike: conflictingFlag, mute: true, settings: asks(restarting),
			says: []string{"docker.service: cannot start", "both as a flag and in the configuration file: live-restore"}},
		{name: "docker.service masked", brief: true, code: codeHostConfig, strike: undone("systemctl mask docker.service", "systemctl unmask docker.service"),
			says: []string{"docker.service: cannot start the engine: somebody has masked its unit", "systemctl unmask docker.service"}},
		{name: "docker.socket masked at run time", code: codeHostConfig, strike: undone("systemctl mask --runtime docker.socket", "systemctl unmask --runtime docker.socket"),
			says: []string{"docker.socket: cannot start the engine: somebody has masked its unit"}},
		{name: "socket file removed", strike: script("rm /run/docker.sock")},
		{name: "D-Bus gone", brief: true, strike: undone("systemctl stop dbus.socket dbus.service; rm -f /run/dbus/system_bus_socket", "systemctl start dbus.socket dbus.service; systemctl try-restart systemd-logind.service")},
		{name: "systemd's own socket gone", strike: undone("mv /run/systemd/private /run/systemd/private.away", "mv /run/systemd/private.away /run/systemd/private")},
		{name: "journal gone", strike: undone("systemctl stop systemd-journald-dev-log.socket systemd-journald.socket systemd-journald.service", "systemctl start systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service")},
	}
}

// asks are settings on a broken VM that are not the usual ones.
func asks(public string) func(*lab) agent.Settings {
	return func(l *lab) agent.Settings { return l.remote(public) }
}

// outwaited waits with a run for as long as systemd waits twice: for the change, and for its undoing.
func outwaited(l *lab, s agent.Settings) ending {
	if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
		return l.failedCall(err)
	}
	ctx, cancel := context.WithTimeout(l.Context(), 15*time.Minute)
	defer cancel()
	walk, err := l.agent.WaitTerminal(ctx, nil)
	if err != nil {
		l.Fatalf("no end: %v; last status %+v", err, walk.Last())
	}
	return endingOf(walk.Last())
}

// whatever accepts every ending of the call.
func whatever(l *lab, s agent.Settings) ending {
	e := l.end(s)
	l.Logf("code %d: %s", e.code, e.sentence)
	return ending{}
}

// portTaken lets another process listen on the port that is asked for.
func portTaken(l *lab) func() {
	pid := l.sh(`setsid python3 -m http.server 2377 >/dev/null 2>&1 & echo $!`)
	l.sh("for i in $(seq 600); do ss -Hltn | grep -q :2377 && exit 0; sleep 0.1; done; exit 1")
	return func() { l.sh("kill " + pid) }
}

// wrapped puts a script in the place of the engine's program, as dpkg lets an administrator do. What is
// asked about a configuration is answered by the program itself.
func wrapped(body string) func(*lab) func() {
	return func(l *lab) func() {
		program := l.sh("systemctl show docker.service -P ExecStart | sed 's/.*path=\\([^ ]*\\) .*/\\1/'")
		l.sh(fmt.Sprintf(`dpkg-divert --quiet --local --rename %[1]s
			printf '#!/bin/sh\ncase "$*" in *--validate*) exec "$0.distrib" "$@";; esac\n%%s\n' '%[2]s' >%[1]s && chmod 755 %[1]s`, program, body))
		return func() {
			l.sh(fmt.Sprintf("rm %[1]s; dpkg-divert --quiet --local --rename --remove %[1]s", program))
		}
	}
}

// conflictingFlag gives the engine a flag that our file has as a key, in somebody's drop-in.
func conflictingFlag(l *lab) func() {
	start := l.sh("sed -n 's/^ExecStart=//p' $(systemctl show docker.service -P FragmentPath)")
	l.write(dropIn, "[Service]\nExecStart=\nExecStart="+start+" --live-restore\n")
	l.sh("systemctl daemon-reload")
	return func() { l.sh("rm -r $(dirname " + dropIn + "); systemctl daemon-reload") }
}
