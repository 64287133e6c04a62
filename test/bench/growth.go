package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"docker-extension/test/harness/agent"
)

// growth measures what a run with nothing to do takes where there is much to look at.
func (b *bench) growth(ctx context.Context, suite string) (err error) {
	l, err := b.newLab(ctx, suite)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	w := wish{port: apiPort, label: "growth", certs: l.keys.Triple()}
	if err := errors.Join(l.useMirror(), l.begin(ctx, w)); err != nil {
		return err
	}
	for _, much := range []struct {
		what   string
		public string
		lay    string // a script that first lays what is not in the settings
	}{
		{"1000 keys of daemon.json", public(`"docker":{"port":2376,"daemon":{"features":{%s}}}`, 1000, `"key%d":true`), ":"},
		{"1 service", manyServices(1), ":"},
		{"10 services", manyServices(10), ":"},
		{"100 services", manyServices(100), ":"},
		{"500 services", manyServices(500), ":"},
		{"200 old numbers", manyServices(1), `for i in $(seq 100 299); do cp config/0.settings config/$i.settings; cp status/0.status status/$i.status; done`},
		{"100 MB of old logs", manyServices(1), `for i in $(seq 20); do head -c 5000000 /dev/zero >` + agent.LogDir + `/$(basename ${PWD%-*})/docker-extension.log.old.$i; done`},
	} {
		if _, err := l.vm.Sh(ctx, "set -e; cd "+l.handlerDir()+"; "+much.lay); err != nil {
			return err
		}
		if _, err := l.change(ctx, settings("{"+much.public+"}", w.certs)); err != nil {
			return fmt.Errorf("%s: %w", much.what, err)
		}
		if err := l.idle(ctx, nothing+", "+much.what, ours); err != nil {
			return err
		}
	}
	return nil
}

// public fills a list of n entries into settings.
func public(text string, n int, entry string) string {
	entries := make([]string, n)
	for i := range entries {
		entries[i] = fmt.Sprintf(entry, i)
	}
	return fmt.Sprintf(text, strings.Join(entries, ","))
}

// manyServices are settings with n services, of which the first has a container: as many containers as that do
// not fit on the machine that measures.
func manyServices(n int) string {
	entries := []string{`"service0":{"image":"busybox","init":true,"command":["sleep","1000000"]}`}
	for i := 1; i < n; i++ {
		entries = append(entries, fmt.Sprintf(`"service%d":{"image":"busybox","command":["sleep","%d"],"environment":{"NAME":"value %d"},"labels":{"number":"%d"},"scale":0}`, i, i, i, i))
	}
	return `"docker":{"port":2376},"compose":{"services":{` + strings.Join(entries, ",") + `}}`
}

// sizes measures what is shipped.
func (b *bench) sizes() error {
	values := map[string]float64{}
	zip, err := os.Stat(b.zip)
	if err != nil {
		return err
	}
	values["zip_mb"] = float64(zip.Size()) / 1e6
	for _, arch := range []string{"amd64", "arm64"} {
		binary, err := os.Stat(filepath.Join(filepath.Dir(b.zip), "docker-extension-"+arch))
		if err == nil { // another zip may be without
			values[arch+"_mb"] = float64(binary.Size()) / 1e6
		}
	}
	b.results.add("", "size", ours, values)
	return nil
}
