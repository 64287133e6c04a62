package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"docker-extension/test/harness/agent"
)

// plot is one run of the extension, which is cut off at each of its points.
type plot struct {
	name string
	// verb is the run that is followed: a verb of the agent, or workUnit.
	verb string
	// from is the state of the VM in which the run begins.
	from string
	// act is what the agent does to start the run. It gives the agent's error.
	act func(l *cutLab) error
	// wanted are the settings that hold in the end, and port where the engine then answers; 0 for nowhere.
	wanted func(l *cutLab) agent.Settings
	port   int
	// code is that of the status in the end: of settings that the engine cannot start with, so that it runs
	// with what it had.
	code int
	// killed tells that the containers that ran are no more: they keep their data, and not their process.
	killed bool
	// brief are the ways in which it is cut off in the short run, each once; with none it is not told there.
	brief []way
	// leave checks in the end that an uninstall leaves nothing behind.
	leave bool
	// unmarked tells that a power cut may cost apt the marks of what came along: that stays then (decision 14).
	unmarked bool
	// services are those that run of the project in the settings, where there is one.
	services string
	// updates tells that a newer version takes over.
	updates bool
}

func plots() []plot {
	return []plot{
		{
			name: "cold", verb: workUnit, from: fresh,
			act:    func(l *cutLab) error { return l.agent.Enable(l.ctx(), l.pkg, l.coldSettings()) },
			wanted: (*cutLab).coldSettings, port: 2376, leave: true, unmarked: true, brief: []way{killed, powerCut},
		},
		{
			name: "order", verb: "enable", from: engine,
			act:    func(l *cutLab) error { return l.agent.Enable(l.ctx(), l.pkg, l.changedSettings()) },
			wanted: (*cutLab).changedSettings, port: 2377,
		},
		{
			name: "change", verb: workUnit, from: engine,
			act:    func(l *cutLab) error { return l.agent.Enable(l.ctx(), l.pkg, l.changedSettings()) },
			wanted: (*cutLab).changedSettings, port: 2377, brief: []way{killed, powerCut},
		},
		{
			name: "refused", verb: workUnit, from: engine,
			act:    func(l *cutLab) error { return l.agent.Enable(l.ctx(), l.pkg, l.refusedSettings()) },
			wanted: (*cutLab).refusedSettings, port: 2376, code: 53, brief: []way{powerCut},
		},
		{
			name: "drop", verb: workUnit, from: engine,
			act:    func(l *cutLab) error { return l.agent.Enable(l.ctx(), l.pkg, l.noSettings()) },
			wanted: (*cutLab).noSettings,
		},
		{
			name: "disable", verb: "disable", from: engine,
			act:    func(l *cutLab) error { return l.agent.Disable(l.ctx()) },
			wanted: (*cutLab).coldSettings, port: 2376, killed: true,
		},
		{
			name: "uninstall", verb: "uninstall", from: engine,
			act:    func(l *cutLab) error { return l.agent.Uninstall(l.ctx()) },
			wanted: (*cutLab).coldSettings, port: 2376, killed: true, leave: true, brief: []way{killedWithChildren},
		},
		{
			name: "project", verb: workUnit, from: project,
			act:    func(l *cutLab) error { return l.agent.Enable(l.ctx(), l.pkg, l.changedProject()) },
			wanted: (*cutLab).changedProject, port: 2376, services: "db new web",
		},
		{
			name: "update", verb: "update", from: engine, act: (*cutLab).update,
			wanted: (*cutLab).coldSettings, port: 2376, updates: true,
		},
		{
			name: "make way", verb: "uninstall", from: engine, act: (*cutLab).update,
			wanted: (*cutLab).coldSettings, port: 2376, updates: true,
		},
		{
			name: "take over", verb: "enable", from: engine, act: (*cutLab).update,
			wanted: (*cutLab).coldSettings, port: 2376, updates: true,
		},
	}
}

// coldSettings have certificates, a port, options and users.
func (l *cutLab) coldSettings() agent.Settings {
	return l.remote(`{"docker":{"port":2376,"options":["--label","foo=bar","--dns=10.0.0.53"],"users":["azureuser"]}}`)
}

// changedSettings have another port, other certificates and another label.
func (l *cutLab) changedSettings() agent.Settings {
	triple := l.changed.Triple()
	return l.settings(`{"docker":{"port":2377,"options":["--label","foo=baz","--dns=10.0.0.53"],"users":["azureuser"]}}`, &triple)
}

// refusedSettings are changedSettings with a value that no engine can be asked about, and none starts with.
func (l *cutLab) refusedSettings() agent.Settings {
	triple := l.changed.Triple()
	return l.settings(`{"docker":{"port":2377,"options":["--label","foo=baz","--storage-driver=nope"],"users":["azureuser"]}}`, &triple)
}

// projectSettings bring up services, and changedProject changes one, takes one away and adds one.
func (l *cutLab) projectSettings() agent.Settings {
	return l.withProject(`"web":{"image":"tool","command":"sleep 1000000"},"old":{"image":"tool","command":"sleep 1000000"}`)
}

func (l *cutLab) changedProject() agent.Settings {
	return l.withProject(`"web":{"image":"tool","command":"sleep 2000000"},"new":{"image":"tool","command":"sleep 1000000"}`)
}

// withProject are coldSettings with a database that keeps its data, and with other services.
func (l *cutLab) withProject(others string) agent.Settings {
	s := l.coldSettings()
	s.Public = json.RawMessage(strings.TrimSuffix(string(s.Public), "}") +
		`,"compose":{"services":{"db":{"image":"tool","command":"sleep 1000000","volumes":["kept:/data"]},` + others + `},"volumes":{"kept":{}}}}`)
	return s
}

// update brings a newer version, which is this one under another number.
func (l *cutLab) update() error {
	newer := l.pkg
	newer.Version = "9.9.0"
	return l.agent.Update(l.ctx(), newer)
}

// noSettings drop everything. They are an object, since the agent shows no settings at all as number 0.
func (l *cutLab) noSettings() agent.Settings {
	return agent.Settings{Public: json.RawMessage(`{"docker":{"users":[]}}`)}
}

// witness waits for the container.
func (l *cutLab) witness() *container {
	l.Helper()
	l.await("the container", func(context.Context) bool {
		return l.sh("docker container inspect --format '{{.State.Running}}' witness 2>&1 || true") == "true"
	})
	c := l.container("witness")
	return &c
}

// heal does what the agent does next: nothing where systemd has started the work unit again, else another
// enable with the settings that were wanted.
func (l *cutLab) heal(p plot, rebooted bool) {
	l.Helper()
	switch _, there := l.agent.Current(); {
	case p.updates:
		if err := l.update(); err != nil {
			l.Fatalf("the update after it: %v", err)
		}
	case p.verb == "uninstall":
		_ = l.agent.Uninstall(l.ctx()) // the agent forgets the handler whatever its uninstall says
		l.enable(p.wanted(l))
	case !there:
		l.Fatal("the handler is gone")
	case rebooted, p.verb != workUnit:
		if err := l.agent.Restart(l.ctx()); err != nil {
			l.Errorf("the enable after it: %v", err)
		}
	}
	if s := l.settled(); s.Code != p.code {
		l.Fatalf("the run after it: %s", show(s))
	}
}

// answers asks the questions that every cut ends with: is the engine serving, did every container that
// ran keep its process or its data, does the next enable end in success with nothing to do. And is
// nothing left that nobody needs, nor a secret where it should not be.
func (l *cutLab) answers(p plot, before *container, rebooted bool) {
	l.Helper()
	keys := l.keys
	if p.port == 2377 {
		keys = l.changed
	}
	if p.port != 0 {
		l.wantVersion(keys, p.port)
		l.wantNobodyElse(keys, p.port)
	}
	l.sh("docker info >/dev/null")
	if before != nil {
		l.wantKept(*before, p.killed || rebooted)
	}
	if p.services != "" {
		l.wantServices("compose", p.services)
	}
	if handlers := l.agent.Handlers(); p.updates && (len(handlers) != 1 || handlers[0].Version() != "9.9.0") {
		l.Errorf("handlers after the update: %v", handlers)
	}
	l.next(p)
	l.wantNothingLeft()
	l.scan("/etc/docker/key.pem")
	if p.leave && !(rebooted && p.unmarked) {
		l.depart()
	}
}

// next is one more enable: it has nothing to do, or fails as before.
func (l *cutLab) next(p plot) {
	l.Helper()
	since := l.untouched()
	if err := l.agent.EnableAgain(l.ctx()); err != nil {
		l.Errorf("the next enable: %v", err)
	}
	if p.code != 0 {
		if s := l.settled(); s.Code != p.code || !strings.Contains(s.Message, "it runs again") {
			l.Errorf("the next enable: %s", show(s))
		}
		l.wantVersion(l.keys, p.port)
		return
	}
	if s, err := l.agent.Status(); err != nil || !strings.Contains(s.Message, "nothing had to be changed") {
		l.Errorf("the next enable: %s, %v", show(s), err)
	}
	since.check(l.lab)
}

// wantKept wants that the container runs, with its data, and is the same process unless it had to go.
func (l *cutLab) wantKept(before container, another bool) {
	l.Helper()
	now := l.witness()
	// Not by docker exec: dockerd 26 that finds its storage driver unknown unmounts the container's root on
	// the host, and runc then starts nothing more in it.
	if got := l.sh("cat /var/lib/docker/volumes/data/_data/file"); got != "precious" {
		l.Errorf("the file in the volume says %q", got)
	}
	if !another && *now != before {
		l.Errorf("the container is %+v, before %+v", *now, before)
	}
}

// wantNothingLeft looks for what a run that was cut off may leave: half packages, temporary files, units
// that failed or are held back.
func (l *cutLab) wantNothingLeft() {
	l.Helper()
	for what, script := range map[string]string{
		"packages that are neither in nor out": "dpkg --audit",
		"temporary files": `find /etc/docker /etc/systemd/system /etc/apt /root/.docker /var/lib/docker-extension /run/docker-extension /run/systemd/system \
			/var/lib/waagent/*/status -name '.*[0-9][0-9][0-9][0-9]*' 2>/dev/null || true`,
		"orders":       "ls /run/docker-extension/*.json 2>/dev/null || true",
		"held units":   "ls -d /run/systemd/system/docker.*.d 2>/dev/null || true",
		"failed units": "systemctl list-units --failed --plain --no-legend",
	} {
		if left := l.sh(script); left != "" {
			l.Errorf("%s are left: %s", what, left)
		}
	}
}

// depart uninstalls, and wants the VM as it was before the extension came.
func (l *cutLab) depart() {
	l.Helper()
	if err := l.agent.Uninstall(l.ctx()); err != nil && !errors.Is(err, agent.ErrAbsent) {
		l.Errorf("uninstall in the end: %v", err)
	}
	l.wantAsBefore(*l.bare, dpkgLeftovers(l.vm.Suite()))
}
