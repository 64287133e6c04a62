package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
	"docker-extension/test/harness/pki"
	"docker-extension/test/vm"
)

const (
	probePath   = "/root/probe"
	archivePath = "/etc/apt/sources.list.d/debian.sources"
	apiPort     = 2376
)

// lab is one VM, and the certificates of one person.
type lab struct {
	vm    *vm.VM
	agent *agent.Agent
	keys  *pki.Set
	// gateway is this host as the VM sees it, with the port of the services.
	gateway string
	bench   *bench
}

// newLab boots a fresh VM as one finds it: no package lists, no packages in apt's archive folder.
func (b *bench) newLab(ctx context.Context, suite string) (*lab, error) {
	booted, err := vm.Boot(ctx, vm.Options{Suite: suite})
	if err != nil {
		return nil, err
	}
	l := &lab{vm: booted, bench: b}
	if err := l.prepare(ctx); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *lab) close() error { return l.vm.Close() }

func (l *lab) prepare(ctx context.Context) (err error) {
	if l.agent, err = agent.New(machine.VM{VM: l.vm}, agent.Options{}); err != nil {
		return err
	}
	if l.keys, err = pki.NewSet([]net.IP{net.ParseIP(l.vm.Address())}, "vm.example.com"); err != nil {
		return err
	}
	l.gateway = net.JoinHostPort(l.vm.Gateway(), strconv.Itoa(l.bench.services.port))
	if err := l.vm.WriteFile(probePath, 0o700, l.bench.probe); err != nil {
		return err
	}
	layer, err := l.vm.ReadFile("/opt/busybox.tar")
	if err != nil {
		return err
	}
	if err := l.bench.services.image.load(layer); err != nil {
		return err
	}
	_, err = l.vm.Sh(ctx, "rm -f /var/cache/apt/archives/*.deb; sync")
	return err
}

// useMirror makes apt take everything from the mirror on this host.
func (l *lab) useMirror() error {
	sources, err := l.vm.ReadFile(archivePath)
	if err != nil {
		return err
	}
	direct := fmt.Sprintf("Acquire::http::Proxy::%s \"DIRECT\";\n", l.vm.Gateway())
	return errors.Join(
		l.vm.WriteFile(archivePath, 0o644, []byte(l.bench.services.mirror.sources(string(sources), l.gateway))),
		l.vm.WriteFile("/etc/apt/apt.conf.d/99bench", 0o644, []byte(direct)))
}

// probed is what the probe says of a run; times are in milliseconds.
type probed struct {
	Started                 time.Time
	Wall, Done, CPU, MaxRSS float64
	Exit                    int
	Output, State           string
	Lines                   []line
}

// run has the probe run something, and refuses what did not end well.
func (l *lab) run(ctx context.Context, arguments ...string) ([]probed, error) {
	result, err := l.vm.Run(ctx, vm.Command{Args: append([]string{probePath}, arguments...), Timeout: 15 * time.Minute})
	if err != nil {
		return nil, err
	}
	var all []probed
	decoder := json.NewDecoder(strings.NewReader(result.Stdout))
	for decoder.More() {
		var one probed
		if err := decoder.Decode(&one); err != nil {
			return nil, fmt.Errorf("the probe said %q %q: %w", result.Stdout, result.Stderr, err)
		}
		if one.Exit != 0 || (one.State != "" && one.State != agent.Success) {
			return nil, fmt.Errorf("%q ended with %d, status %q: %s", arguments, one.Exit, one.State, one.Output)
		}
		all = append(all, one)
	}
	return all, nil
}

// enableCommand is what the agent gives to /bin/sh for a sequence number.
func (l *lab) enableCommand(seq int) string {
	dir := l.handlerDir()
	return fmt.Sprintf("cd %[1]s && exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 AZURE_GUEST_AGENT_EXTENSION_PATH=%[1]s"+
		" AZURE_GUEST_AGENT_EXTENSION_VERSION=%[3]s ConfigSequenceNumber=%[2]d %[1]s/bin/docker-extension enable", dir, seq, l.bench.pkg.Version)
}

func (l *lab) handlerDir() string {
	handler, _ := l.agent.Current()
	return handler.Dir()
}

// change gives the extension new settings as the agent does, and follows them to their end.
func (l *lab) change(ctx context.Context, settings agent.Settings) (probed, error) {
	file, err := settings.Seal(ctx, l.agent.Tenant())
	if err != nil {
		return probed{}, err
	}
	content, err := file.Bytes()
	if err != nil {
		return probed{}, err
	}
	seq := l.agent.NextSeq()
	name := strconv.Itoa(seq)
	if err := l.vm.WriteFile(path.Join(l.handlerDir(), "config", name+".settings"), 0o644, content); err != nil {
		return probed{}, err
	}
	all, err := l.run(ctx, "follow", path.Join(l.handlerDir(), "status", name+".status"), l.enableCommand(seq))
	if err != nil || len(all) != 1 {
		return probed{}, fmt.Errorf("cannot apply the settings: %w", err)
	}
	return all[0], nil
}

// settings are public settings as JSON text, with certificates.
func settings(public string, certs pki.Triple) agent.Settings {
	protected := encode(map[string]any{"certs": map[string]string{"ca": certs.CA, "cert": certs.Cert, "key": certs.Key}})
	return agent.Settings{Public: json.RawMessage(public), Protected: protected}
}

// meter reads what the whole VM has used since it was made.
type meter struct{ cpu, written, tasks float64 }

// used gives what the VM has used between a meter and now, by the names of values. The account of the work
// unit is its parent's only when it has ended, which is a moment after it has reported.
func (l *lab) used(ctx context.Context, since meter) (map[string]float64, error) {
	if _, err := l.vm.Sh(ctx, "while systemctl is-active --quiet docker-extension-converge.service; do sleep 0.01; done"); err != nil {
		return nil, err
	}
	now, err := l.read(ctx)
	return map[string]float64{
		"cpu_s": now.cpu - since.cpu, "written_mb": (now.written - since.written) / 1e6, "tasks": now.tasks - since.tasks,
	}, err
}

// read reads the meters: CPU time from the VM's cgroup; what processes wrote from their accounts, which
// parents take over from children that ended (proc_pid_io(5)); and the number of the newest task.
func (l *lab) read(ctx context.Context) (m meter, err error) {
	if m.cpu, err = cpuSeconds(l.vm.Name()); err != nil {
		return m, err
	}
	text, err := l.vm.Sh(ctx, "cat /proc/1/io /proc/loadavg")
	if err != nil {
		return m, err
	}
	own, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return m, err
	}
	m.written = written(text) + written(string(own))
	words := strings.Fields(text)
	m.tasks, err = strconv.ParseFloat(words[len(words)-1], 64)
	return m, err
}

func written(account string) float64 {
	var bytes float64
	for line := range strings.Lines(account) {
		if n, err := fmt.Sscanf(line, "write_bytes: %g", &bytes); n == 1 && err == nil {
			return bytes
		}
	}
	return 0
}

// cpuSeconds gives the CPU time of everything that ever ran in a VM.
func cpuSeconds(machine string) (float64, error) {
	for pattern, unit := range map[string]float64{"/sys/fs/cgroup/*cpuacct*/*-%s/cpuacct.usage": 1e9, "/sys/fs/cgroup/*-%s/cpu.stat": 1e6} {
		found, err := filepath.Glob(fmt.Sprintf(pattern, machine))
		if err != nil || len(found) == 0 {
			continue
		}
		text, err := os.ReadFile(found[0])
		if err != nil {
			return 0, err
		}
		number := strings.TrimPrefix(string(bytes.TrimSpace(text)), "usage_usec ")
		usage, err := strconv.ParseFloat(strings.Fields(number)[0], 64)
		return usage / unit, err
	}
	return 0, errors.New("this host has no account of a VM's CPU time")
}

// buildProbe builds the program that measures inside of VMs.
func buildProbe(ctx context.Context, folder string) ([]byte, error) {
	file, err := filepath.Abs(filepath.Join(folder, "probe"))
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "docker-extension/test/bench/probe")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot build the probe: %w: %s", err, output)
	}
	return os.ReadFile(file)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func parseIP(text string) []net.IP { return []net.IP{net.ParseIP(text)} }
