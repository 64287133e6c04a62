package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/pki"
)

// The scenarios of a VM on which the extension has succeeded before.
const (
	nothing       = "nothing to do"
	version       = "version"
	changeLabel   = "label changed"
	changeCert    = "certificate changed"
	changePort    = "port changed"
	changeService = "one compose service changed"
)

const (
	repeats     = 20   // of a run that has nothing to do
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

// turn makes each of the changes once.
func (l *lab) turn(ctx context.Context, w wish) (wish, error) {
	w.label += "x"
	if err := l.watched(ctx, changeLabel, w, w.port); err != nil {
		return w, err
	}
	// The same authority, so that a client can follow through the change.
	pair, err := l.keys.Authority.Server(parseIP(l.vm.Address()), "rotated.example.com")
	if err != nil {
		return w, err
	}
	l.keys.Server = pair
	w.certs = l.keys.Triple()
	if err := l.watched(ctx, changeCert, w, w.port); err != nil {
		return w, err
	}
	old := w.port
	w.port = 2*apiPort + 1 - old // to and fro
	return w, l.watched(ctx, changePort, w, old)
}

// services measures a project of two services of which one changes.
func (l *lab) services(ctx context.Context, w wish) error {
	w.version = 1
	if _, err := l.change(ctx, w.settings()); err != nil {
		return err
	}
	for range turns * l.bench.rounds {
		w.version++
		if err := l.watched(ctx, changeService, w, w.port); err != nil {
			return err
		}
	}
	return nil
}

// watched makes a change while clients of the engine and of a container ask all the time.
func (l *lab) watched(ctx context.Context, scenario string, w wish, oldPort int) error {
	client, err := l.client()
	if err != nil {
		return err
	}
	plain := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	before, err := l.processes(ctx)
	if err != nil {
		return err
	}
	used, err := l.read(ctx)
	if err != nil {
		return err
	}
	engine := poll(ctx, client, l.url(oldPort))
	web := poll(ctx, plain, fmt.Sprintf("http://%s:%d/etc/passwd", l.vm.Address(), webPort))
	next := engine
	if w.port != oldPort {
		next = poll(ctx, client, l.url(w.port))
	}
	done, err := l.change(ctx, w.settings())
	pause(ctx)
	for _, p := range []*poller{engine, next, web} {
		p.stop()
	}
	if err != nil {
		return err
	}
	values, err := l.used(ctx, used)
	if err != nil {
		return err
	}
	values["wall_ms"], values["call_ms"] = done.Done, done.Wall
	values["web_failed"], values["web_slowest_ms"] = float64(web.failures), milliseconds(web.slowest)
	if next == engine {
		values["failed"], values["slowest_ms"] = float64(engine.failures), milliseconds(engine.slowest)
		for _, reason := range engine.reasons {
			fmt.Println("   lost:", reason)
		}
	} else {
		values["gap_ms"] = milliseconds(next.first.Sub(engine.last))
	}
	return l.compareProcesses(ctx, scenario, before, values)
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

// idle measures enable with nothing to do, and the start of the binary.
func (l *lab) idle(ctx context.Context, scenario, variant string) error {
	seq, _ := l.agent.Seq()
	command := l.enableCommand(seq)
	// Once without a clock: the status says for the first time that nothing had to be changed.
	if _, err := l.run(ctx, "repeat", "1", command); err != nil {
		return err
	}
	all, err := l.run(ctx, "repeat", strconv.Itoa(repeats), command)
	if err != nil {
		return err
	}
	values := figures(all)
	if err := l.trace(ctx, command, values); err != nil {
		return err
	}
	l.bench.results.add(l.vm.Suite(), scenario, variant, values)
	if scenario != nothing {
		return nil
	}
	all, err = l.run(ctx, "repeat", strconv.Itoa(repeats), "exec "+path.Join(l.handlerDir(), "bin/docker-extension")+" version")
	if err == nil {
		l.bench.results.add(l.vm.Suite(), version, ours, figures(all))
	}
	return err
}

// figures gives the medians of runs, and the fastest.
func figures(all []probed) map[string]float64 {
	var wall, cpu, rss []float64
	for _, one := range all {
		wall, cpu, rss = append(wall, one.Wall), append(cpu, one.CPU), append(rss, one.MaxRSS*1024/1e6)
	}
	fastest := wall[0]
	for _, w := range wall {
		fastest = min(fastest, w)
	}
	return map[string]float64{"wall_ms": median(wall), "fastest_ms": fastest, "cpu_ms": median(cpu), "peak_mb": median(rss)}
}

// trace counts what a run asks of the kernel: processes, connections to D-Bus, and flushes to the disk.
func (l *lab) trace(ctx context.Context, command string, values map[string]float64) error {
	const file = "/tmp/bench.trace"
	if err := l.vm.WriteFile("/root/traced", 0o700, []byte(command)); err != nil {
		return err
	}
	text, err := l.vm.Sh(ctx, "strace -f -qq -o "+file+" -e trace=clone,clone3,fork,vfork,connect,fsync,fdatasync sh /root/traced >/dev/null; cat "+file)
	if err != nil {
		return err
	}
	for _, name := range []string{"children", "dbus", "flushes"} {
		values[name] = 0
	}
	for line := range strings.Lines(text) {
		if what := kindOf(line); what != "" {
			values[what]++
		}
	}
	return nil
}

// kindOf gives what a line of strace counts as; "" for nothing of interest.
func kindOf(line string) string {
	has := func(text string) bool { return strings.Contains(line, text) }
	switch {
	case has("sync(") && !has("resumed>"):
		return "flushes"
	case has("connect(") && (has("dbus") || has("systemd/private")):
		return "dbus"
	case has("fork("), has("clone") && has("SIGCHLD"): // the end of a thread is told to nobody
		return "children"
	}
	return ""
}
