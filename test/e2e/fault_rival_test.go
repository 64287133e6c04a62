package e2e

import (
	"fmt"
	"strings"

	"docker-extension/test/harness/agent"
)

// rivalMishaps are those of a Docker that somebody else has brought.
func rivalMishaps() []mishap {
	const orLeave = "or remove the extension from this VM"
	return []mishap{
		{name: "docker of the snap runs", brief: true, code: codeHostConfig, strike: rival("snap.docker.dockerd.service", snapDockerd), meanwhile: rivalServes, mute: true,
			says: []string{"snap.docker.dockerd.service: cannot run the engine", "snap stop --disable docker", orLeave}},
		{name: "docker of the snap runs, and ours as well", code: codeHostConfig, strike: rival("snap.docker.dockerd.service", "/bin/sleep 3600"),
			says: []string{"snap.docker.dockerd.service: cannot run the engine"}},
		{name: "docker runs under another unit", brief: true, code: codeHostConfig, strike: rival("mine.service", sameDockerd), meanwhile: rivalServes, mute: true,
			says: []string{"mine.service: cannot run the engine: process ", "systemctl disable --now mine.service", orLeave}},
		{name: "docker of another source is there", fresh: true, strike: otherSource, meanwhile: joined},
		{name: "docker of another source goes, its data stays", fresh: true, strike: otherSource, meanwhile: replaced, restarted: true},
	}
}

// The snap's engine has data, containers and notes of its own, and the usual socket. That of another unit
// has all that ours had.
const (
	snapDockerd = "DOCKERD --exec-root=/run/snap.docker --pidfile=/run/snap.docker/docker.pid --data-root=/var/snap/docker/data --config-file=/var/snap/docker/daemon.json" +
		" --containerd-namespace=snap --containerd-plugins-namespace=snap-plugins --bridge=none --iptables=false"
	sameDockerd = "DOCKERD --host=unix:///run/docker.sock --containerd=/run/containerd/containerd.sock"
)

// rival lets a unit run an engine in the place of ours, with the real program as DOCKERD.
func rival(unit, command string) func(*lab) func() {
	return func(l *lab) func() {
		if strings.HasPrefix(command, "DOCKERD") {
			l.sh("systemctl stop docker.socket docker.service; mkdir -p /var/snap/docker; echo {} >/var/snap/docker/daemon.json")
		}
		path := "/etc/systemd/system/" + unit
		l.write(path, "[Service]\nType=exec\nKillMode=process\nExecStart="+strings.Replace(command, "DOCKERD", l.sh("command -v dockerd"), 1)+"\n")
		l.sh(fmt.Sprintf("systemctl daemon-reload; systemctl start %[1]s; for i in $(seq 600); do docker version >/dev/null 2>&1 && exit 0; sleep 0.1; done; journalctl -u %[1]s >&2; exit 1", unit))
		return func() { l.sh(fmt.Sprintf("systemctl stop %s; rm %s; systemctl daemon-reload", unit, path)) }
	}
}

// rivalServes wants that an enable, which is refused, leaves the other engine and all files alone.
func rivalServes(l *lab, s agent.Settings) ending {
	before, engine := l.content(), l.sh("pidof dockerd")
	e := l.end(s)
	for _, path := range changed(before, l.content()) {
		l.Errorf("%s is another one", path)
	}
	if now := l.sh("docker version >/dev/null && pidof dockerd"); now != engine {
		l.Errorf("the other engine was process %s and is %s", engine, now)
	}
	return e
}

// otherSource installs an engine under the names of Docker's packages, as a person does.
func otherSource(l *lab) func() {
	if l.sh("ls /srv/repo 2>/dev/null || true") == "" {
		l.serveRepository()
	}
	l.sh("cp /srv/repo/good.asc /usr/share/keyrings/mine.asc; " +
		"echo 'deb [signed-by=/usr/share/keyrings/mine.asc] " + repositoryURL + "/ good stable' >/etc/apt/sources.list.d/docker.list")
	l.sh("export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && apt-get -qq install --no-install-recommends docker-ce docker-ce-cli containerd.io && systemctl start docker.service")
	return func() { removeOther(l) }
}

// removeOther removes it as a person does who wants to keep the data.
func removeOther(l *lab) {
	l.sh("systemctl stop docker.socket docker.service containerd.service; DEBIAN_FRONTEND=noninteractive apt-get -qq remove docker-ce docker-ce-cli containerd.io; " +
		"rm -f /etc/apt/sources.list.d/docker.list; systemctl daemon-reload")
}

// joined wants that the other engine is used as it is.
func joined(l *lab, s agent.Settings) ending {
	e := l.end(s)
	if !strings.Contains(e.sentence, "the engine of the package docker-ce, which was here before the extension, is used as it is") {
		l.Errorf("nothing is said about the engine that was there: %s", e.sentence)
	}
	l.wantVersions(map[string]string{"docker-ce": newest, "docker.io": ""})
	return e
}

// replaced lets the person remove the other engine under the extension, which brings the distribution's.
func replaced(l *lab, s agent.Settings) ending {
	if e := l.end(s); e.code != 0 {
		return e
	}
	removeOther(l)
	e := l.end(l.usual("replaced"))
	if l.versionOf("docker.io") == "" {
		l.Error("the distribution's engine is not there")
	}
	return e
}
