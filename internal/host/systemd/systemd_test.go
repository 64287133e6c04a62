package systemd

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	godbus "github.com/godbus/dbus/v5"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

func commandOf(name string, args ...string) command.Command {
	return command.Command{Name: name, Args: args}
}

// tree makes a root with these files; a content that begins with "-> " is the target of a link.
func tree(t *testing.T, content map[string]string) files.Root {
	t.Helper()
	dir := t.TempDir()
	for path, text := range content {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if len(text) > 3 && text[:3] == "-> " {
			err = os.Symlink(text[3:], full)
		} else {
			err = os.WriteFile(full, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return files.New(dir)
}

const (
	socketUnit = "[Unit]\nDescription=Docker Socket for the API\n\n[Socket]\n# a comment\nListenStream=/run/docker.sock\nListenStream=2375\n"
	unixTable  = "Num       RefCount Protocol Flags    Type St Inode Path\n" +
		"0000000000000001: 00000002 00000000 00010000 0001 01 60031 /run/systemd/private\n" +
		"0000000000000002: 00000003 00000000 00000000 0001 03 95605 /run/docker.sock\n" +
		"0000000000000003: 00000003 00000000 00000000 0001 03 95606\n" +
		"0000000000000004: 00000002 00000000 00010000 0001 01 95604 /run/docker.sock\n"
)

func TestObserve(t *testing.T) {
	const service, socket = "docker.service", "docker.socket"
	tests := []struct {
		name string
		unit string
		tree map[string]string
		want state.UnitFacts
	}{
		{"nothing", service, nil, state.UnitFacts{}},
		{"package unpacked", service, map[string]string{"/usr/lib/systemd/system/docker.service": "[Unit]"}, state.UnitFacts{Exists: true}},
		{"before the /usr merge", service, map[string]string{"/lib/systemd/system/docker.service": "[Unit]"}, state.UnitFacts{Exists: true}},
		{"enabled and active", service, map[string]string{
			"/usr/lib/systemd/system/docker.service":                         "[Unit]",
			"/etc/systemd/system/multi-user.target.wants/docker.service":     "-> /usr/lib/systemd/system/docker.service",
			"/run/systemd/units/invocation:docker.service":                   "-> 0123456789abcdef",
			"/etc/systemd/system/docker.service.d/50-docker-extension.conf":  "[Service]",
			"/etc/systemd/system/docker.service.wants/something-else.target": "-> /dev/null",
		}, state.UnitFacts{Exists: true, Enabled: true, Active: true}},
		{"another unit is active", service, map[string]string{
			"/usr/lib/systemd/system/docker.service":                         "[Unit]",
			"/run/systemd/units/invocation:containerd.service":               "-> 0123456789abcdef",
			"/etc/systemd/system/multi-user.target.wants/containerd.service": "-> /usr/lib/systemd/system/containerd.service",
		}, state.UnitFacts{Exists: true}},
		{"enabled until the next boot", service, map[string]string{
			"/usr/lib/systemd/system/docker.service":                     "[Unit]",
			"/run/systemd/system/multi-user.target.wants/docker.service": "-> /usr/lib/systemd/system/docker.service",
		}, state.UnitFacts{Exists: true}},
		{"required", service, map[string]string{
			"/usr/lib/systemd/system/docker.service":                  "[Unit]",
			"/etc/systemd/system/my.target.requires/docker.service":   "-> /usr/lib/systemd/system/docker.service",
			"/etc/systemd/system/docker.service.d/wants-nothing.conf": "[Service]",
		}, state.UnitFacts{Exists: true, Enabled: true}},
		{"masked", service, map[string]string{
			"/etc/systemd/system/docker.service":     "-> /dev/null",
			"/usr/lib/systemd/system/docker.service": "[Unit]",
		}, state.UnitFacts{Exists: true, Masked: true}},
		{"masked until the next boot", service, map[string]string{
			"/run/systemd/system/docker.service":     "-> /dev/null",
			"/usr/lib/systemd/system/docker.service": "[Unit]",
		}, state.UnitFacts{Exists: true, Masked: true}},
		{"masked by an empty file", service, map[string]string{
			"/etc/systemd/system/docker.service": "", "/usr/lib/systemd/system/docker.service": "[Unit]",
		}, state.UnitFacts{Exists: true, Masked: true}},
		{"masked and not there", service, map[string]string{"/etc/systemd/system/docker.service": "-> /dev/null"}, state.UnitFacts{Masked: true}},
		{"an own unit in front of a mask", service, map[string]string{
			"/etc/systemd/system/docker.service": "[Unit]", "/run/systemd/system/docker.service": "-> /dev/null",
		}, state.UnitFacts{Exists: true}},
		{"linked from elsewhere", service, map[string]string{
			"/etc/systemd/system/docker.service": "-> /opt/docker/docker.service",
		}, state.UnitFacts{Exists: true}},
		{"socket that systemd listens on", socket, map[string]string{
			"/usr/lib/systemd/system/docker.socket": socketUnit, "/run/docker.sock": "",
			"/proc/net/unix": unixTable, "/proc/1/fd/17": "-> socket:[95604]",
		}, state.UnitFacts{Exists: true, Active: true}},
		{"socket whose file was removed", socket, map[string]string{
			"/usr/lib/systemd/system/docker.socket": socketUnit, "/proc/net/unix": unixTable, "/proc/1/fd/17": "-> socket:[95604]",
		}, state.UnitFacts{Exists: true}},
		{"socket with the old path", socket, map[string]string{
			"/usr/lib/systemd/system/docker.socket": "[Socket]\nListenStream=/var/run/docker.sock\n", "/run/docker.sock": "",
			"/proc/net/unix": unixTable, "/proc/1/fd/17": "-> socket:[95604]",
		}, state.UnitFacts{Exists: true, Active: true}},
		{"socket whose name somebody else has, too", socket, map[string]string{
			"/usr/lib/systemd/system/docker.socket": socketUnit, "/run/docker.sock": "",
			"/proc/net/unix": "00: 00000002 00000000 00010000 0001 01 77777 /var/run/docker.sock\n" + unixTable, "/proc/1/fd/17": "-> socket:[95604]",
		}, state.UnitFacts{Exists: true, Active: true}},
		{"socket whose name somebody else alone has", socket, map[string]string{
			"/usr/lib/systemd/system/docker.socket": socketUnit, "/run/docker.sock": "",
			"/proc/net/unix": "00: 00000002 00000000 00010000 0001 01 77777 /var/run/docker.sock\n", "/proc/1/fd/17": "-> socket:[95604]",
		}, state.UnitFacts{Exists: true}},
		{"socket beside very many", socket, map[string]string{
			"/usr/lib/systemd/system/docker.socket": socketUnit, "/run/docker.sock": "", "/proc/1/fd/17": "-> socket:[95604]",
			"/proc/net/unix": strings.Repeat("00: 00000002 00000000 00010000 0001 01 77777 @"+strings.Repeat("x", 107)+"\n", 120000) + unixTable,
		}, state.UnitFacts{Exists: true, Active: true}},
		{"engine listens without systemd", socket, map[string]string{
			"/usr/lib/systemd/system/docker.socket": socketUnit, "/proc/net/unix": unixTable, "/proc/1/fd/17": "-> socket:[60031]",
		}, state.UnitFacts{Exists: true}},
		{"only a connection is left", socket, map[string]string{
			"/usr/lib/systemd/system/docker.socket": socketUnit, "/proc/1/fd/17": "-> socket:[95605]",
			"/proc/net/unix": "00: 00000003 00000000 00000000 0001 03 95605 /run/docker.sock\n",
		}, state.UnitFacts{Exists: true}},
		{"nobody listens", socket, map[string]string{
			"/usr/lib/systemd/system/docker.socket": socketUnit, "/run/docker.sock": "", "/proc/net/unix": "",
		}, state.UnitFacts{Exists: true}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Observe(tree(t, test.tree), test.unit)
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestObserveSaysWhatItCannotRead(t *testing.T) {
	root := tree(t, map[string]string{"/usr/lib/systemd/system/docker.socket": "[Socket\nListenStream=/run/docker.sock\n"})
	if _, err := Observe(root, "docker.socket"); fault.CodeOf(err) != fault.HostConfig {
		t.Errorf("got %v", err)
	}
}

// A host without systemd: the error names both ways that were tried.
func TestConnectWithoutSystemd(t *testing.T) {
	m := &Manager{Root: files.New(t.TempDir())}
	defer m.Close()
	for what, err := range map[string]error{
		"start": m.Start(t.Context(), "docker.service"), "reload": m.DaemonReload(t.Context()),
	} {
		if fault.CodeOf(err) != fault.EngineStart || !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// A systemd that takes the connection and never says a word must not hold us.
func TestConnectToASilentSystemd(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "run/systemd"), 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir, "run/systemd/private"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	m := &Manager{Root: files.New(dir)}
	defer m.Close()
	if err := m.Start(ctx, "docker.service"); fault.CodeOf(err) != fault.EngineStart {
		t.Errorf("got %v", err)
	}
}

func TestAwait(t *testing.T) {
	gone := make(chan struct{})
	close(gone)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	result := func(word string) chan string {
		c := make(chan string, 1)
		if word != "" {
			c <- word
		}
		return c
	}
	tests := []struct {
		name   string
		ctx    context.Context
		result chan string
		lost   chan struct{}
		want   string
	}{
		{"done", t.Context(), result("done"), nil, ""},
		{"failed", t.Context(), result("failed"), nil, `the job's result is "failed"`},
		{"skipped", t.Context(), result("skipped"), nil, `the job's result is "skipped"`},
		{"lost", t.Context(), result(""), gone, "systemd closed the connection"},
		{"too late", ended, result(""), nil, "the job is not finished: context canceled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if err := await(test.ctx, test.result, test.lost); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestHints(t *testing.T) {
	masked := godbus.Error{Name: "org.freedesktop.systemd1.UnitMasked", Body: []any{"Unit is masked."}}
	tests := map[string]struct {
		err  error
		hint bool
	}{
		"masked":   {masked, true},
		"failed":   {errJob("failed"), true},
		"canceled": {errJob("canceled"), true},
		"timeout":  {context.DeadlineExceeded, true},
		"other":    {errors.New("other"), false},
	}
	seen := map[string]bool{}
	for name, test := range tests {
		got := hint(test.err)
		if (got != "") != test.hint || seen[got] {
			t.Errorf("%s: got %q", name, got)
		}
		seen[got] = true
	}
}

func TestLastWords(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\n[ \"$*\" = '-u docker.service -n 15 -o cat --no-pager -q' ] || exit 9\nprintf 'Starting x\\none\\n\\n  two\\n'\n"
	if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	m := &Manager{Runner: command.Runner{Path: dir}}
	if got := m.LastWords(ended, "docker.service"); got != "one | two" {
		t.Errorf("got %q", got)
	}
	if got := (&Manager{Runner: command.Runner{Path: t.TempDir()}}).LastWords(t.Context(), "docker.service"); got != "" {
		t.Errorf("without journalctl: got %q", got)
	}
}

func TestTransientNeedsAFullPath(t *testing.T) {
	m := &Manager{Root: files.New(t.TempDir())}
	for _, argv := range [][]string{nil, {"sleep", "1"}} {
		if err := m.StartTransient(t.Context(), Transient{Unit: "x.service", Argv: argv}); fault.CodeOf(err) != fault.Internal {
			t.Errorf("%q: got %v", argv, err)
		}
	}
}

func TestTelling(t *testing.T) {
	tests := []struct{ name, output, want string }{
		{"nothing", "", ""},
		{"systemd only", "Starting Docker...\ndocker.service: Start request repeated too quickly.\nFailed to start Docker.\n",
			"Starting Docker... | docker.service: Start request repeated too quickly. | Failed to start Docker."},
		{"plain words among restarts", strings.Repeat("Starting Docker...\nunable to configure: nonsense\n"+
			"docker.service: Main process exited, code=exited, status=1/FAILURE\n", 3), "unable to configure: nonsense"},
		{"errors among messages", `time="2026-11-23T01:31:17Z" level=info msg="Starting up"` + "\n" +
			`time="2026-11-23T01:31:17.2Z" level=error msg="cannot \"x\": gone" module=grpc` + "\n" +
			`time="2026-11-23T01:31:18Z" level=info msg="Daemon shutdown complete"` + "\n", `cannot "x": gone`},
		{"messages only", `time="2026-11-23T01:31:18Z" level=info msg="Daemon shutdown complete"`, "Daemon shutdown complete"},
		{"systemd knows why", "docker.service: Failed to execute /x: Permission denied\nb skipped, unmet condition check X\n" +
			"docker.service: Failed with result 'exit-code'.\n", "docker.service: Failed to execute /x: Permission denied"},
		{"too much", "a\nb\nc\nd\n", "b | c | d"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(telling(test.output, "docker.service"), " | "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
