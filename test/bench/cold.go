package main

import (
	"context"
	_ "embed" // for the script
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
)

// The scenarios of a fresh VM, and their variants.
const (
	cold        = "cold"
	coldCompose = "cold with a container"
	coldNetwork = "cold, over the network"

	ours     = "extension"
	byHand   = "by hand"
	defaults = "apt, defaults"
	bare     = "apt, bare"
)

//go:embed hand.sh
var handScript string

// attempt is one way from a fresh VM to a running engine.
type attempt struct {
	scenario, variant string
	// run gives what it printed, where it is not the extension, which has a log.
	run func(*lab, context.Context, bool) ([]line, error)
}

func attempts() []attempt {
	return []attempt{
		{cold, ours, (*lab).extension}, {cold, bare, (*lab).bareApt}, {cold, byHand, (*lab).hand}, {cold, defaults, (*lab).defaultApt},
		{coldCompose, ours, (*lab).extension}, {coldCompose, byHand, (*lab).hand},
	}
}

// cold measures the way from a fresh VM to an engine that answers, in all variants.
func (b *bench) cold(ctx context.Context, suite string) error {
	// So that nobody has to wait for the real mirror: once without a clock.
	for _, a := range []attempt{attempts()[3], attempts()[5]} {
		if _, err := b.once(ctx, suite, a); err != nil {
			return err
		}
	}
	for round := range b.rounds {
		turns := attempts()
		if round%2 == 1 {
			slices.Reverse(turns)
		}
		for _, a := range turns {
			if err := b.measured(ctx, suite, a); err != nil {
				return err
			}
		}
	}
	return errors.Join(
		b.measured(ctx, suite, attempt{coldNetwork, ours, (*lab).extension}),
		b.measured(ctx, suite, attempt{coldNetwork, bare, (*lab).bareApt}))
}

func (b *bench) measured(ctx context.Context, suite string, a attempt) error {
	values, err := b.once(ctx, suite, a)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", a.scenario, a.variant, err)
	}
	b.results.add(suite, a.scenario, a.variant, values)
	return nil
}

// once runs an attempt in a VM of its own.
func (b *bench) once(ctx context.Context, suite string, a attempt) (values map[string]float64, err error) {
	l, err := b.newLab(ctx, suite)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	if a.scenario != coldNetwork {
		if err := l.useMirror(); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(l.lay(a.scenario == coldCompose), l.unzip(ctx)); err != nil {
		return nil, err
	}
	before, err := l.read(ctx)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	lines, err := a.run(l, ctx, a.scenario == coldCompose)
	if err != nil {
		return nil, err
	}
	ended := time.Now()
	if calls := l.agent.Calls(); a.variant == ours {
		started = calls[len(calls)-1].Started // without the encryption of the settings
	}
	if values, err = l.used(ctx, before); err != nil {
		return nil, err
	}
	values["wall_ms"] = milliseconds(ended.Sub(started))
	if a.variant == ours {
		return values, l.ownFigures(ctx, values, started)
	}
	split(values, lines, values["wall_ms"])
	return values, nil
}

// ownFigures adds what the extension says of itself.
func (l *lab) ownFigures(ctx context.Context, values map[string]float64, started time.Time) error {
	all, err := l.events(ctx, started)
	if err != nil {
		return err
	}
	split(values, ownLines(all), values["wall_ms"])
	for _, e := range all {
		if _, peak, found := strings.Cut(e.Fields, "peak_memory_kib="); found {
			var kib float64
			if _, err := fmt.Sscanf(peak, "%g", &kib); err != nil {
				return fmt.Errorf("the log has a peak memory of %q: %w", peak, err)
			}
			values["peak_mb"] = kib * 1024 / 1e6
		}
	}
	if values["peak_mb"] == 0 {
		return errors.New("the log has no peak memory")
	}
	return nil
}

// public gives the settings of the cold scenarios.
func (l *lab) public(compose bool) string {
	text := fmt.Sprintf(`{"docker":{"port":%d,"options":["--label","foo=bar","--insecure-registry=%s"]}`, apiPort, l.gateway)
	if compose {
		text += `,"compose":` + l.composeFile()
	}
	return text + "}"
}

func (l *lab) composeFile() string {
	return fmt.Sprintf(`{"services":{"web":{"image":"%s/busybox","init":true,"command":["sleep","1000000"]}}}`, l.gateway)
}

// lay puts into place what the careful person has at hand.
func (l *lab) lay(compose bool) error {
	daemon := encode(map[string]any{
		"labels": []string{"foo=bar"}, "insecure-registries": []string{l.gateway}, "live-restore": true, "tlsverify": true,
		"tlscacert": "/etc/docker/ca.pem", "tlscert": "/etc/docker/cert.pem", "tlskey": "/etc/docker/key.pem",
	})
	triple := l.keys.Triple()
	files := map[string]string{"ca.pem": triple.CA, "cert.pem": triple.Cert, "key.pem": triple.Key, "daemon.json": string(daemon), "hand.sh": handScript}
	if compose {
		// The compose of Debian 11 and 12 wants YAML or JSON with services.
		files["docker-compose.yml"] = l.composeFile()
	}
	for name, content := range files {
		if err := l.vm.WriteFile("/root/hand/"+name, 0o600, []byte(content)); err != nil {
			return err
		}
	}
	return nil
}

// extension is what an operator does: settings in a template. The clock runs from the call of enable.
func (l *lab) extension(ctx context.Context, compose bool) ([]line, error) {
	if err := l.agent.Enable(ctx, l.bench.pkg, settings(l.public(compose), l.keys.Triple())); err != nil {
		return nil, err
	}
	walk, err := l.agent.WaitTerminal(ctx, nil)
	if err != nil {
		return nil, err
	}
	if last := walk.Last(); last.State != agent.Success {
		return nil, fmt.Errorf("the extension reports %s: %s", last.State, last.Message)
	}
	return nil, l.finished(ctx, compose)
}

// unzip has the agent unzip and install the extension, which is not what is measured: settings that are
// refused do that and leave the VM as it is. The other variants get it too, so that nothing else differs.
func (l *lab) unzip(ctx context.Context) error {
	err := l.agent.Enable(ctx, l.bench.pkg, agent.Settings{Public: []byte(`{"nothing":"of this kind"}`)})
	if err == nil {
		return errors.New("settings that make no sense were taken")
	}
	return nil
}

// hand is what a careful person does.
func (l *lab) hand(ctx context.Context, compose bool) ([]line, error) {
	packages := l.enginePackages()
	if compose {
		packages += " docker-compose"
	}
	lines, err := l.stamped(ctx, "PACKAGES='"+packages+"' sh /root/hand/hand.sh")
	if err != nil {
		return nil, err
	}
	return lines, l.finished(ctx, compose)
}

// finished asks the engine over TLS, and looks at the container.
func (l *lab) finished(ctx context.Context, compose bool) error {
	client, err := l.client()
	if err != nil {
		return err
	}
	if err := ask(ctx, client, l.url(apiPort)); err != nil {
		return err
	}
	if !compose {
		return nil
	}
	running, err := l.vm.Sh(ctx, "docker ps --quiet --filter status=running")
	if err == nil && len(strings.Fields(running)) != 1 {
		err = fmt.Errorf("running containers: %q", running)
	}
	return err
}

func (l *lab) enginePackages() string {
	if l.vm.Suite() == "bookworm" {
		return "docker.io"
	}
	return "docker.io docker-cli"
}

// apt is a script that installs with apt-get and waits for the engine, which configures nothing.
func apt(arguments string) string {
	return "set -e; export DEBIAN_FRONTEND=noninteractive; echo == update; apt-get update -q; echo == install; apt-get install -y -q " + arguments +
		"; echo == engine; until curl -sf --unix-socket /run/docker.sock http://docker/_ping >/dev/null; do sleep 0.01; done"
}

// defaultApt is the distribution's own way.
func (l *lab) defaultApt(ctx context.Context, _ bool) ([]line, error) {
	return l.stamped(ctx, apt("docker.io"))
}

// bareApt is the same without recommended packages.
func (l *lab) bareApt(ctx context.Context, _ bool) ([]line, error) {
	return l.stamped(ctx, apt("--no-install-recommends "+l.enginePackages()))
}
