package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"docker-extension/test/harness/agent"
	"docker-extension/test/scripts/fake"
)

func TestMain(m *testing.M) {
	fake.Program()
	os.Exit(m.Run())
}

// TestScripts runs each script in testdata on a VM of its own.
func TestScripts(t *testing.T) {
	program := build(t)
	tenant, err := agent.NewTenant()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:         "testdata",
		WorkdirRoot: shortFolder(t),
		Setup: func(env *testscript.Env) error {
			v, err := newVM(env.WorkDir, program, tenant)
			if err != nil {
				return err
			}
			env.Defer(v.host.Stop)
			env.Values[key{}] = v
			env.Setenv("ROOT", v.root)
			env.Setenv("PROGRAM", filepath.Join(v.root, handlerDir("1.0.0"), "bin", "docker-extension"))
			env.Vars = append(env.Vars, environ()...)
			env.Setenv("PORT", v.port)
			env.Setenv("OTHERPORT", v.otherPort)
			return nil
		},
		Cmds:               commands(),
		RequireUniqueNames: true,
	})
}

// shortFolder makes a folder whose name leaves room for the path of a unix socket, which has 108
// bytes (unix(7)): TMPDIR may be too long for that.
func shortFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "scripts")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// build builds the program as the Makefile does, or with the race detector if this test has it.
func build(t testing.TB) string {
	t.Helper()
	program := filepath.Join(shortFolder(t), "docker-extension")
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X main.version=1.0.0"}
	environ := append(os.Environ(), "CGO_ENABLED=0")
	if raceDetector() {
		args = []string{"build", "-race", "-buildvcs=false", "-ldflags", "-X main.version=1.0.0"}
		environ = os.Environ()
	}
	command := exec.Command("go", append(args, "-o", program, "docker-extension/cmd/docker-extension")...)
	command.Env = environ
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}

var raceDetector = sync.OnceValue(func() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
})
