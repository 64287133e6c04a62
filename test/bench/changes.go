package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/pki"
)

// The scenarios of a VM on which the extension has succeeded before.
const (
	changeLabel   = "label changed"
	changeCert    = "certificate changed"
	changePort    = "port changed"
	changeService = "one compose service changed"

	// What nobody can do better, measured beside it.
	floorRestart = "engine restarted by hand"
)

const (
	webPort     = 8080 // of the container that is watched
	turns       = 3    // of each change, for every round
	settledTime = 150 * time.Millisecond
)

// wish is what the settings of the changes say.
type wish struct {
	port  int
	label string
	certs pki.Triple
	// version is that of one of two compose services; 0 for no project.
	version int
}

func (w wish) settings() agent.Settings {
	text := fmt.Sprintf(`{"docker":{"port":%d,"options":["--label","foo=%s"]}`, w.port, w.label)
	if w.version > 0 {
		const service = `{"image":"busybox","init":true,"command":["sleep","1000000"],"environment":{"VERSION":"%d"}}`
		text += fmt.Sprintf(`,"compose":{"services":{"still":`+service+`,"moved":`+service+`}}`, 0, w.version)
	}
	return settings(text+"}", w.certs)
}

// changes measures what happens on a VM that has an engine and a container.
func (b *bench) changes(ctx context.Context, suite string) (err error) {
	l, err := b.newLab(ctx, suite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	w := wish{port: apiPort, label: "start", certs: l.keys.Triple()}
	if err := errors.Join(l.useMirror(), l.begin(ctx, w)); err != nil {
		return err
	}
	for range b.rounds {
		if err := l.idle(ctx, nothing, ours); err != nil {
			return err
		}
		for range turns {
			if w, err = l.turn(ctx, w); err != nil {
				return err
			}
		}
	}
	return l.services(ctx, w)
}

// begin makes the VM a Docker host with a container that serves a page.
func (l *lab) begin(ctx context.Context, w wish) error {
	if err := l.agent.Enable(ctx, l.bench.pkg, w.settings()); err != nil {
		return err
	}
	if walk, err := l.agent.WaitTerminal(ctx, nil); err != nil || walk.Last().State != agent.Success {
		return fmt.Errorf("the first enable: %s: %w", walk.Last().Message, err)
	}
	_, err := l.vm.Sh(ctx, fmt.Sprintf(`docker import /opt/busybox.tar busybox >/dev/null
		docker run --detach --init --name web --publish %d:80 busybox httpd -f -p 80 -h / >/dev/null`, webPort))
	return err
}

// restart has the engine restarted as a person would, with nothing changed.
func (l *lab) restart(ctx context.Context, w wish) error {
	return l.watched(ctx, floorRestart, w.port, w.port, func() (probed, error) {
		all, err := l.run(ctx, "repeat", "1", "systemctl restart docker.service")
		if err != nil {
			return probed{}, err
		}
		all[0].Done = all[0].Wall
		return all[0], nil
	})
}

// turn makes each of the changes once.
func (l *lab) turn(ctx context.Context, w wish) (wish, error) {
	w.label += "x"
	if err := l.restart(ctx, w); err != nil {
		return w, err
	}
	if err := l.changed(ctx, changeLabel, w, w.port); err != nil {
		return w, err
	}
	// The same authority, so that a client can follow through the change.
	pair, err := l.keys.Authority.Server(parseIP(l.vm.Address()), "rotated.example.com")
	if err != nil {
		return w, err
	}
	l.keys.Server = pair
	w.certs = l.keys.Triple()
	if err := l.changed(ctx, changeCert, w, w.port); err != nil {
		return w, err
	}
	old := w.port
	w.port = 2*apiPort + 1 - old // to and fro
	return w, l.changed(ctx, changePort, w, old)
}

// services measures a project of two services of which one changes.
func (l *lab) services(ctx context.Context, w wish) error {
	w.version = 1
	if _, err := l.change(ctx, w.settings()); err != nil {
		return err
	}
	for range turns * l.bench.rounds {
		w.version++
		if err := l.changed(ctx, changeService, w, w.port); err != nil {
			return err
		}
	}
	return nil
}

// changed has the extension make a change.
func (l *lab) changed(ctx context.Context, scenario string, w wish, oldPort int) error {
	return l.watched(ctx, scenario, oldPort, w.port, func() (probed, error) { return l.change(ctx, w.settings()) })
}

// watched does something while clients of the engine and of a container ask all the time.
func (l *lab) watched(ctx context.Context, scenario string, oldPort, newPort int, do func() (probed, error)) error {
	before, err := l.processes(ctx)
	if err != nil {
		return err
	}
	used, err := l.read(ctx)
	if err != nil {
		return err
	}
	clients, err := l.clients(ctx, oldPort, newPort)
	if err != nil {
		return err
	}
	done, err := do()
	pause(ctx)
	clients.stop()
	if err != nil {
		return err
	}
	values, err := l.used(ctx, used)
	if err != nil {
		return err
	}
	values["wall_ms"], values["call_ms"] = done.Done, done.Wall
	clients.count(values)
	if err := l.steps(ctx, values, done); err != nil {
		return err
	}
	return l.compareProcesses(ctx, scenario, before, values)
}

// clients ask the engine on its port, on the one that it will have, and a container.
type clients struct{ engine, next, web *poller }

func (l *lab) clients(ctx context.Context, oldPort, newPort int) (c clients, err error) {
	client, err := l.client()
	if err != nil {
		return c, err
	}
	plain := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	c.engine = poll(ctx, client, l.url(oldPort))
	c.web = poll(ctx, plain, fmt.Sprintf("http://%s:%d/etc/passwd", l.vm.Address(), webPort))
	c.next = c.engine
	if newPort != oldPort {
		c.next = poll(ctx, client, l.url(newPort))
	}
	return c, nil
}

func (c clients) stop() {
	for _, p := range []*poller{c.engine, c.next, c.web} {
		p.stop()
	}
}

// count adds what the clients saw. Only after stop.
func (c clients) count(values map[string]float64) {
	values["web_failed"], values["web_slowest_ms"] = float64(c.web.failures), milliseconds(c.web.slowest)
	if c.next != c.engine {
		values["gap_ms"] = milliseconds(c.next.first.Sub(c.engine.last))
		return
	}
	values["failed"], values["slowest_ms"] = float64(c.engine.failures), milliseconds(c.engine.slowest)
	for _, reason := range c.engine.reasons {
		fmt.Println("   lost:", reason)
	}
}

// compareProcesses adds whether engine and container are the processes that they were.
func (l *lab) compareProcesses(ctx context.Context, scenario string, before [2]string, values map[string]float64) error {
	after, err := l.processes(ctx)
	if err != nil {
		return err
	}
	for i, name := range []string{"engine_restarts", "web_restarts"} {
		values[name] = 0
		if before[i] != after[i] {
			values[name] = 1
		}
	}
	l.bench.results.add(l.vm.Suite(), scenario, ours, values)
	return nil
}

// processes gives the process of the engine, and that of the container with its start.
func (l *lab) processes(ctx context.Context) (found [2]string, err error) {
	text, err := l.vm.Sh(ctx, `systemctl show docker.service -P MainPID; docker inspect --format '{{.State.Pid}} {{.State.StartedAt}}' web`)
	if err != nil {
		return found, err
	}
	found[0], found[1], _ = strings.Cut(strings.TrimSpace(text), "\n")
	return found, nil
}

// pause lets the clients see what comes after a change.
func pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(settledTime):
	}
}
