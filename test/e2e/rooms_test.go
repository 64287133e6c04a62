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
	binary := filepath.Join(t.TempDir(), "systemd.test")
	build := exec.Command("go", "test", "-c", "-o", binary, "docker-extension/internal/host/systemd")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOARCH="+runtime.GOARCH)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot compile the tests: %v\n%s", err, out)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	onEachSuite(t, func(l *lab) {
		if err := l.vm.WriteFile("/root/systemd.test", 0o755, content); err != nil {
			l.Fatal(err)
		}
		out := l.sh("cd /root && DOCKER_EXTENSION_TEST_VM=1 ./systemd.test -test.v -test.timeout 4m")
		if strings.Contains(out, "--- SKIP") || !strings.Contains(out, "--- PASS") {
			l.Errorf("not every test ran:\n%s", out)
		}
	})
}
