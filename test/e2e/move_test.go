package e2e

import (
	"encoding/json"
	"strings"

	"docker-extension/test/harness/agent"
)

// Moves from one engine to another.

// moveThereAndBack goes from the mirror to the distribution and back, and gives the host in between.
func (l *lab) moveThereAndBack(fresh string) (distro string) {
	l.runContainer("plain", "no")
	l.refusedMove()
	status := l.succeed(l.settings(`{}`, nil))
	l.Log(show(status))
	if !strings.Contains(show(status), "all containers stop, and those with a restart policy start again") {
		l.Error("nothing is said about the containers")
	}
	l.wantVersions(map[string]string{"docker-ce": "", "docker-ce-cli": "", "containerd.io": "", "docker-buildx-plugin": ""})
	if l.versionOf("docker.io") == "" {
		l.Error("docker.io is not installed")
	}
	l.wantData()
	l.wantNothingToDo(l.settings(`{}`, nil))
	distro = l.signature()
	l.moveWithCompose()

	l.Log(show(l.succeed(l.settings(l.pinned("26.1"), nil))))
	l.wantVersions(map[string]string{"docker-ce": newer, "docker.io": "", "docker-cli": "", "containerd": "", "runc": "", "docker-compose": ""})
	l.wantData()
	if now := l.signature(); now != fresh {
		l.Errorf("after both moves the host is\n%s\na fresh one is\n%s", now, fresh)
	}
	l.failedMove(fresh)
	return distro
}

// wantData wants the images, the volume and both containers, the one with a restart policy running.
func (l *lab) wantData() {
	l.Helper()
	l.container("steady")
	if got := l.inspect("plain", "{{.State.Status}}"); got != "exited" {
		l.Errorf("the container without a restart policy is %s", got)
	}
	if got := l.sh("docker exec steady cat /data/file && docker images --quiet busybox | wc -l; docker start plain; pgrep -c containerd-shim"); got != "precious\n1\nplain\n2" {
		l.Errorf("volume, images, start of the other, shims: %q", got)
	}
}

// A move whose packages cannot be had leaves the old engine and its containers alone.
func (l *lab) failedMove(fresh string) {
	c := l.container("steady")
	if err := l.vm.Offline(l.ctx(), true); err != nil {
		l.Fatal(err)
	}
	l.sh("apt-get clean")
	s := l.enable(l.settings(`{"docker":{"source":"distro","waitMinutes":0}}`, nil))
	l.Log(show(s))
	if s.State != agent.Error || s.Code != 52 {
		l.Errorf("without a network: %s", show(s))
	}
	c.wantUntouched(l)
	if err := l.vm.Offline(l.ctx(), false); err != nil {
		l.Fatal(err)
	}
	l.succeed(l.settings(l.pinned("26.1"), nil))
	c.wantUntouched(l)
	if now := l.signature(); now != fresh {
		l.Errorf("after a move that failed the host is\n%s\na fresh one is\n%s", now, fresh)
	}
}

// An upgrade that comes with a value that the new engine does not start with: it runs with the old files.
func (l *lab) upgradeThatFails(fresh string) {
	c := l.container("steady")
	s := l.enable(l.settings(l.source(l.mirror(), map[string]any{"version": "27", "options": []string{"--storage-driver=nope"}}), nil))
	l.Log(show(s))
	if s.State != agent.Error || s.Code != 53 || !strings.Contains(s.Message, "the files are as they were, and it runs again") {
		l.Errorf("status %s", show(s))
	}
	l.wantVersions(map[string]string{"docker-ce": newest})
	c.wantUntouched(l)
	l.succeed(l.settings(l.pinned("26.1"), nil))
	c.wantUntouched(l)
	if now := l.signature(); now != fresh {
		l.Errorf("after an upgrade that failed the host is\n%s\na fresh one is\n%s", now, fresh)
	}
}

// A move to an engine that does not take its file: it runs with the one from before, and so do the
// containers that start by themselves.
func (l *lab) refusedMove() {
	daemon := l.sh("cat /etc/docker/daemon.json")
	s := l.enable(l.settings(`{"docker":{"daemon":{"userns-remap":"nobody-here"}}}`, nil))
	l.Log(show(s))
	code := 57
	if l.vm.Suite() == "bookworm" {
		code = 53 // 20.10 can only be tried
	}
	if s.State != agent.Error || s.Code != code || !strings.Contains(s.Message, "the files are as they were, and it runs again") {
		l.Errorf("status %s", show(s))
	}
	if now := l.sh("cat /etc/docker/daemon.json"); now != daemon {
		l.Errorf("daemon.json is %s, it was %s", now, daemon)
	}
	l.wantVersions(map[string]string{"docker-ce": ""})
	l.container("steady")
	l.sh("test -z \"$(ls -d /run/systemd/system/docker.*.d 2>/dev/null)\"")

	// Back again, since a move with the right settings is to be seen as well.
	l.succeed(l.settings(l.pinned("26.1"), nil))
	l.wantVersions(map[string]string{"docker-ce": newer})
}

// moveWithCompose takes a project along, to the compose that goes with the other engine.
func (l *lab) moveWithCompose() {
	project := map[string]any{"services": map[string]any{"web": map[string]any{"image": "busybox", "command": "sleep 100000", "init": true}}}
	l.Log(show(l.succeed(l.settings(l.composed(nil, project), nil))))
	mirror, gone, comes := l.mirror(), "docker-compose", "docker-compose-plugin"
	if l.vm.Suite() == "bookworm" {
		// The distribution has no compose that could be the plugin.
		mirror["packages"] = []string{"docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin", "docker-compose"}
		gone, comes = comes, gone
	}
	s := l.settings(l.composed(map[string]any{"source": mirror, "version": "26.1"}, project), nil)
	l.Log(show(l.succeed(s)))
	if l.versionOf(gone) != "" || l.versionOf(comes) == "" {
		l.Errorf("%s is there in place of %s", gone, comes)
	}
	if got := l.sh("docker ps --quiet --filter label=com.docker.compose.project=compose | wc -l"); got != "1" {
		l.Errorf("%s containers of the project run", got)
	}
	l.wantNothingToDo(s)
	l.container("steady")
	l.succeed(l.settings(`{}`, nil))
}

// composed gives settings with a project.
func (l *lab) composed(docker, project map[string]any) string {
	l.Helper()
	body := map[string]any{"compose": project}
	if docker != nil {
		body["docker"] = docker
	}
	text, err := json.Marshal(body)
	if err != nil {
		l.Fatal(err)
	}
	return string(text)
}
