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

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// real gives the Manager of a real systemd. These tests make, start and stop units, so they run
// only where somebody says that the machine is there for it.
func real(t *testing.T) *Manager {
	t.Helper()
	if os.Getenv("DOCKER_EXTENSION_TEST_VM") == "" {
		t.Skip("changes units: needs a disposable VM with systemd, root, and DOCKER_EXTENSION_TEST_VM=1")
	}
	m := &Manager{JobTimeout: 5 * time.Minute}
	t.Cleanup(m.Close)
	return m
}

// unitFile makes a unit for the length of a test.
func unitFile(t *testing.T, m *Manager, name, text string) {
	t.Helper()
	path := filepath.Join("/etc/systemd/system", name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	must(t, m.DaemonReload(t.Context()))
	t.Cleanup(func() {
		ctx := context.Background()
		_ = m.Stop(ctx, name)
		_ = m.ResetFailed(ctx, name)
		_ = os.Remove(path)
		_ = m.DaemonReload(ctx)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// expect checks what files say, and that systemd says the same.
func expect(t *testing.T, m *Manager, name string, want state.UnitFacts) {
	t.Helper()
	got, err := Observe(files.New("/"), name)
	if err != nil || got != want {
		t.Errorf("%s: files say %+v, %v; want %+v", name, got, err, want)
	}
	active, err := m.IsActive(t.Context(), name)
	if err != nil || active != want.Active {
		t.Errorf("%s: systemd says active=%v, %v", name, active, err)
	}
}

func TestRealService(t *testing.T) {
	m := real(t)
	const name = "docker-extension-test.service"
	unitFile(t, m, name, "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'systemd-notify --ready; exec sleep 1000'\n"+
		"ExecReload=/bin/true\n[Install]\nWantedBy=multi-user.target\n")
	ctx := t.Context()
	expect(t, m, name, state.UnitFacts{Exists: true})
	must(t, m.Enable(ctx, name))
	expect(t, m, name, state.UnitFacts{Exists: true, Enabled: true})
	must(t, m.Start(ctx, name))
	expect(t, m, name, state.UnitFacts{Exists: true, Enabled: true, Active: true})
	must(t, m.ReloadUnit(ctx, name))
	must(t, m.Restart(ctx, name))
	expect(t, m, name, state.UnitFacts{Exists: true, Enabled: true, Active: true})
	must(t, m.Disable(ctx, name))
	must(t, m.Stop(ctx, name))
	expect(t, m, name, state.UnitFacts{Exists: true})
	must(t, m.Stop(ctx, name, "docker-extension-none.service"))
}

func TestRealServiceThatFails(t *testing.T) {
	m := real(t)
	const name = "docker-extension-test-bad.service"
	unitFile(t, m, name, "[Service]\nType=notify\nExecStart=/bin/sh -c 'echo the disk is on fire; exit 7'\n")
	err := m.Start(t.Context(), name)
	if fault.CodeOf(err) != fault.EngineStart || !strings.Contains(err.Error(), "failed") || !strings.Contains(err.Error(), "the disk is on fire") {
		t.Errorf("got %v", err)
	}
	expect(t, m, name, state.UnitFacts{Exists: true})
	must(t, m.ResetFailed(t.Context(), name, "docker-extension-none.service"))

	err = m.Start(t.Context(), "docker-extension-none.service")
	if fault.CodeOf(err) != fault.EngineStart || fault.Faults(err)[0].Hint == "" {
		t.Errorf("got %v", err)
	}
}

// A service that dies while it runs, and one whose job does not end in time.
func TestRealServiceThatDies(t *testing.T) {
	m := real(t)
	const name, slow = "docker-extension-test-dies.service", "docker-extension-test-slow.service"
	unitFile(t, m, name, "[Service]\nType=exec\nExecStart=/bin/sh -c 'read line < /run/docker-extension-test; exit 3'\n")
	unitFile(t, m, slow, "[Service]\nType=notify\nTimeoutStartSec=0\nExecStart=/bin/sleep 1000\n")
	_ = os.Remove("/run/docker-extension-test")
	if out, err := m.Runner.Run(t.Context(), commandOf("mkfifo", "/run/docker-extension-test")); err != nil {
		t.Fatal(out, err)
	}
	must(t, m.Start(t.Context(), name))
	expect(t, m, name, state.UnitFacts{Exists: true, Active: true})
	must(t, os.WriteFile("/run/docker-extension-test", []byte("die\n"), 0))
	for range 6000 {
		if active, _ := m.IsActive(t.Context(), name); !active {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	expect(t, m, name, state.UnitFacts{Exists: true})

	impatient := &Manager{JobTimeout: 5 * time.Second}
	defer impatient.Close()
	if err := impatient.Start(t.Context(), slow); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	// It set out a moment after it was asked to, so that it has been underway for a little less than that time.
	for unit, hangs := range map[string]bool{slow: true, name: false, "docker-extension-none.service": false} {
		if took, err := m.Underway(t.Context(), unit); err != nil || took > time.Second/2 != hangs || took > time.Minute {
			t.Errorf("%s has been on its way up for %s, error %v", unit, took, err)
		}
	}
}

func TestRealSocket(t *testing.T) {
	m := real(t)
	const name, path = "docker-extension-test.socket", "/run/docker-extension-test.sock"
	unitFile(t, m, "docker-extension-test.service", "[Service]\nExecStart=/bin/sleep 1000\n")
	unitFile(t, m, name, "[Socket]\nListenStream=/var/run/docker-extension-test.sock\n[Install]\nWantedBy=sockets.target\n")
	expect(t, m, name, state.UnitFacts{Exists: true})
	must(t, m.Start(t.Context(), name))
	expect(t, m, name, state.UnitFacts{Exists: true, Active: true})
	must(t, m.Stop(t.Context(), name, "docker-extension-test.service"))
	if _, err := os.Stat(path); err != nil {
		t.Logf("the socket's file went with it: %v", err)
	}
	expect(t, m, name, state.UnitFacts{Exists: true})

	// The file is there and somebody listens, but it is not systemd.
	_ = os.Remove(path)
	listener, err := net.Listen("unix", path)
	must(t, err)
	defer listener.Close()
	expect(t, m, name, state.UnitFacts{Exists: true})
}

func TestRealTransient(t *testing.T) {
	m := real(t)
	unit := Transient{
		Unit: "docker-extension-test-converge.service", Description: "a test of transient units",
		Argv:        []string{"/bin/sh", "-c", `echo "$0 $WORD" >/run/docker-extension-out; exec sleep 1000`, "zero one"},
		Environment: []string{"WORD=two three"},
		Properties:  map[string]any{"TimeoutStopUSec": uint64(5e6), "UMask": uint32(0o077), "KillMode": "mixed"},
	}
	ctx := t.Context()
	must(t, m.StartTransient(ctx, unit))
	defer func() { _ = m.Stop(context.Background(), unit.Unit) }()
	if active, err := m.IsActive(ctx, unit.Unit); err != nil || !active {
		t.Errorf("active=%v, %v", active, err)
	}
	if err := m.StartTransient(ctx, unit); !errors.Is(err, ErrUnitExists) || fault.CodeOf(err) != fault.Converge {
		t.Errorf("second start: got %v", err)
	}
	const want = "zero one two three\n"
	var text []byte
	for range 6000 { // it was started, and writes when its turn comes
		if text, _ = os.ReadFile("/run/docker-extension-out"); string(text) == want {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if string(text) != want {
		t.Errorf("got %q", text)
	}
	must(t, m.Stop(ctx, unit.Unit))

	// Failed units leave nothing behind that stands in the way of the next.
	unit.Argv = []string{"/no/such/program"}
	for range 2 {
		if err := m.StartTransient(ctx, unit); err == nil || errors.Is(err, ErrUnitExists) {
			t.Errorf("no program: got %v", err)
		}
	}
}

// Only the private socket, then only the bus; then a connection that dies under a job.
func TestRealConnections(t *testing.T) {
	real(t)
	for _, socket := range []string{"/run/systemd/private", "/run/dbus/system_bus_socket"} {
		root := t.TempDir()
		must(t, os.MkdirAll(filepath.Join(root, filepath.Dir(socket)), 0o755))
		must(t, os.Symlink(socket, filepath.Join(root, socket)))
		m := &Manager{Root: files.New(root), JobTimeout: time.Minute}
		unit := Transient{Unit: "docker-extension-test-way.service", Argv: []string{"/bin/sleep", "1000"}}
		begin := time.Now()
		if err := m.StartTransient(t.Context(), unit); err != nil {
			t.Errorf("%s: %v", socket, err)
		}
		if err := m.Stop(t.Context(), unit.Unit); err != nil {
			t.Errorf("%s: %v", socket, err)
		}
		t.Logf("%s: start and stop took %v", socket, time.Since(begin))
		m.Close()
		if active, err := m.IsActive(t.Context(), unit.Unit); err != nil || active {
			t.Errorf("%s: after Close: active=%v, %v", socket, active, err)
		}
		m.Close()
	}
}

// systemd executes itself anew: the connection breaks, and the next call makes a new one.
func TestRealReexec(t *testing.T) {
	m := real(t)
	must(t, m.DaemonReload(t.Context()))
	_, lost, err := m.connection(t.Context())
	must(t, err)
	_, _ = m.Runner.Run(t.Context(), commandOf("systemctl", "daemon-reexec"))
	select {
	case <-lost:
	case <-time.After(time.Minute):
		t.Fatal("the loss was not noticed")
	}
	must(t, m.DaemonReload(t.Context()))
}
