package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The tests of internal/host/systemd start and stop units, so they are compiled here and run where
// there is a real systemd to spare. Their results are the VM's, counted as one test each suite.
func TestSystemdRoom(t *testing.T) {
	tests := compiled(t, "docker-extension/internal/host/systemd")
	onEachSuite(t, func(l *lab) { l.runTests(tests, "DOCKER_EXTENSION_TEST_VM=1") })
}

// What internal/dockerd knows of flags and keys is held against a real dockerd. The one of Debian 12
// cannot validate a configuration without starting.
func TestDockerdRoom(t *testing.T) {
	tests := compiled(t, "docker-extension/internal/dockerd")
	l := newLab(t, "trixie")
	l.sh("apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io")
	l.runTests(tests, "", "-test.run", "^TestInstalledDockerdAgrees$")
}

// compiled gives the test binary of a package.
func compiled(t *testing.T, pkg string) []byte {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "room.test")
	build := exec.Command("go", "test", "-c", "-o", binary, pkg)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+runtime.GOARCH)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot compile the tests: %v\n%s", err, out)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// runTests runs a test binary in the VM; a test that skips there is a failure.
func (l *lab) runTests(tests []byte, env string, args ...string) {
	l.Helper()
	if err := l.vm.WriteFile("/root/room.test", 0o755, tests); err != nil {
		l.Fatal(err)
	}
	out := l.sh("cd /root && " + env + " ./room.test -test.v -test.timeout 14m " + strings.Join(args, " "))
	if strings.Contains(out, "--- SKIP") || !strings.Contains(out, "--- PASS") {
		l.Errorf("not every test ran:\n%s", out)
	}
}
