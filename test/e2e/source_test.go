package e2e

import (
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
)

// docker.source and docker.version: from a repository that is wrong in every way, through versions and
// from one engine to another and back, with data that must not be lost.
func TestSources(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.serveRepository()
		l.badSources()
		l.noSuchVersion()
		fresh := l.pinnedFromMirror()
		l.changeVersions(fresh)
		l.upgradeThatFails(fresh)
		distro := l.moveThereAndBack(fresh)
		l.personsSource()
		l.freshDistro(distro)
	})
}

// pinned are settings with the mirror and a version.
func (l *lab) pinned(version string) string {
	l.Helper()
	return l.source(l.mirror(), map[string]any{"version": version})
}

// badSources are refused, and apt does not get to know them.
func (l *lab) badSources() {
	before := l.signature()
	with := func(change map[string]any) map[string]any {
		m := l.mirror()
		for k, v := range change {
			m[k] = v
		}
		return m
	}
	for name, c := range map[string]struct {
		mirror map[string]any
		says   string
	}{
		"another key":         {with(map[string]any{"key": l.key("other")}), "send the key that it is signed with as docker.source.key"},
		"an expired key":      {with(map[string]any{"suite": "expired", "key": l.key("expired")}), "its time is over"},
		"nobody signed it":    {with(map[string]any{"suite": "unsigned"}), "is not signed"},
		"no such suite":       {with(map[string]any{"suite": "missing"}), "url and suite must lead to a file"},
		"no server":           {with(map[string]any{"url": "http://127.0.0.1:9"}), "let the VM reach"},
		"no such key":         {with(map[string]any{"key": repositoryURL + "/none.asc", "fingerprint": l.fingerprint("good")}), "404"},
		"another fingerprint": {with(map[string]any{"key": repositoryURL + "/good.asc", "fingerprint": l.fingerprint("other")}), "wanted is " + l.fingerprint("other")},
		"a key that is none":  {with(map[string]any{"key": "file:///etc/hostname"}), "holds no OpenPGP key"},
	} {
		s := l.enable(l.settings(l.source(c.mirror, map[string]any{"waitMinutes": 0}), nil))
		l.Logf("%s: %s", name, show(s))
		if s.State != agent.Error || s.Code != 58 || !strings.Contains(s.Message, c.says) {
			l.Errorf("%s: want code 58 and %q", name, c.says)
		}
	}
	l.dockerInTheMiddle()
	if now := l.signature(); now != before {
		l.Errorf("the host is\n%s\nbefore it was\n%s", now, before)
	}
	l.sh("apt-get -qq update && ! ls /run/docker-extension-source")
}

// pretend makes the VM take itself for Docker's server, with a certificate that it trusts.
const pretend = `set -eu
mkdir -p /srv/docker/linux/debian && cd /srv/docker
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=download.docker.com -addext subjectAltName=DNS:download.docker.com \
  -keyout key.pem -out cert.pem 2>/dev/null
cp cert.pem /usr/local/share/ca-certificates/pretend.crt && update-ca-certificates >/dev/null 2>&1
cp /etc/hosts /srv/hosts && echo 127.0.0.1 download.docker.com >>/etc/hosts
systemd-run --quiet --unit=pretend --working-directory=/srv/docker openssl s_server -accept 127.0.0.1:443 -cert cert.pem -key key.pem -WWW
for i in $(seq 600); do ss -Hltn | grep -q 127.0.0.1:443 && exit 0; sleep 0.1; done; exit 1`

const pretendNoMore = `systemctl stop pretend; cat /srv/hosts >/etc/hosts
rm -rf /srv/docker /usr/local/share/ca-certificates/pretend.crt; update-ca-certificates --fresh >/dev/null 2>&1`

// Whoever can redirect the VM's requests, and has a certificate that it trusts, still lacks Docker's
// key.
func (l *lab) dockerInTheMiddle() {
	l.sh(pretend)
	defer l.sh(pretendNoMore)
	if err := l.vm.WriteFile("/srv/docker/linux/debian/gpg", 0o644, []byte(l.key("good"))); err != nil {
		l.Fatal(err)
	}
	s := l.enable(l.settings(`{"docker":{"source":"docker"}}`, nil))
	l.Log(show(s))
	want := "the key from https://download.docker.com/linux/debian/gpg has the fingerprint " + l.fingerprint("good") +
		", wanted is 9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
	if s.State != agent.Error || s.Code != 58 || !strings.Contains(s.Message, want) {
		l.Errorf("want code 58 and %q", want)
	}
}

func (l *lab) noSuchVersion() {
	s := l.enable(l.settings(l.pinned("99.1"), nil))
	l.Log(show(s))
	want := "no version of docker-ce begins with 99.1; available: " + newest + ", " + newer + ", " + older
	if s.State != agent.Error || s.Code != 59 || !strings.Contains(s.Message, want) {
		l.Errorf("want code 59 and %q", want)
	}
	l.wantVersions(map[string]string{"docker-ce": "", "docker.io": ""})
}

// pinnedFromMirror installs, and gives what a fresh host has with these settings.
func (l *lab) pinnedFromMirror() string {
	s := l.settings(l.pinned("26.1"), nil)
	l.Log(show(l.succeed(s)))
	l.wantVersions(map[string]string{
		"docker-ce": newer, "docker-ce-cli": newer, "containerd.io": "1.9.9-1", "docker-compose-plugin": "1.0-1~test", "docker.io": "",
	})
	l.wantNothingToDo(s)
	return l.signature()
}

// wantNothingToDo gives the same settings again.
func (l *lab) wantNothingToDo(s agent.Settings) {
	l.Helper()
	before := l.untouched()
	if status := l.succeed(s); !strings.Contains(status.Message, "nothing had to be changed") {
		l.Errorf("again: %s", show(status))
	}
	before.check(l)
}

// changeVersions goes up and down, with containers that run on, and back to what a fresh host has.
func (l *lab) changeVersions(fresh string) {
	c := l.runContainer("steady", "always", "--volume kept:/data")
	l.sh("docker exec steady sh -c 'echo precious >/data/file'")
	for _, step := range []struct {
		settings string
		version  string
		held     string
	}{
		{l.source(l.mirror(), map[string]any{"version": "27"}), newest, ""},
		{l.source(l.mirror(), map[string]any{"version": "26.1.1", "hold": true}), older, "containerd.io docker-buildx-plugin docker-ce docker-ce-cli docker-compose-plugin"},
		// dropped, while the packages are held
		{l.source(l.mirror(), map[string]any{"hold": true}), newest, "containerd.io docker-buildx-plugin docker-ce docker-ce-cli docker-compose-plugin"},
		{l.pinned("26.1"), newer, ""},
	} {
		l.Log(show(l.succeed(l.settings(step.settings, nil))))
		l.wantVersions(map[string]string{"docker-ce": step.version, "docker-ce-cli": step.version})
		if held := l.sh("apt-mark showhold | paste -sd' '"); held != step.held {
			l.Errorf("held are %q, want %q", held, step.held)
		}
		c.wantUntouched(l)
	}
	if now := l.signature(); now != fresh {
		l.Errorf("after all changes the host is\n%s\na fresh one is\n%s", now, fresh)
	}
}

// A person lists the same repository: apt would refuse two files with different keys, so ours goes.
func (l *lab) personsSource() {
	c := l.container("steady")
	l.sh("cp /srv/repo/good.asc /usr/share/keyrings/mine.asc; " +
		"echo 'deb [signed-by=/usr/share/keyrings/mine.asc] " + repositoryURL + "/ good stable' >/etc/apt/sources.list.d/docker.list")
	s := l.succeed(l.settings(l.pinned("26.1"), nil))
	if !strings.Contains(show(s), "is used as /etc/apt/sources.list.d/docker.list has it") {
		l.Errorf("nothing is said about the file: %s", show(s))
	}
	l.sh("test ! -e /etc/apt/sources.list.d/docker.sources && test ! -e /etc/apt/keyrings/docker.asc && apt-get -qq update")
	l.wantNothingToDo(l.settings(l.pinned("26.1"), nil))
	c.wantUntouched(l)
	l.sh("rm /etc/apt/sources.list.d/docker.list")
}

// freshDistro compares what moves have left with what a host has that never had anything else.
func (l *lab) freshDistro(distro string) {
	if err := l.agent.Uninstall(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if left := l.signature(); strings.Contains(left, "docker-ce") || strings.Contains(left, "docker.sources") {
		l.Errorf("uninstall left\n%s", left)
	}
	if got := l.sh("cat /var/lib/docker/volumes/kept/_data/file"); got != "precious" {
		l.Errorf("after uninstall the volume's file says %q", got)
	}
	l.succeed(l.settings(`{}`, nil))
	if now := l.signature(); now != distro {
		l.Errorf("a fresh host is\n%s\nafter the move it was\n%s", now, distro)
	}
	l.container("steady")
}
