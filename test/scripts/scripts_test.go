package scripts

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"docker-extension/test/harness/agent"
	"docker-extension/test/scripts/fake"
)

// update writes what is printed into the scripts, where they compare it with a file of their own;
// look at the difference before you believe it.
var update = flag.Bool("update", false, "rewrite the files in the scripts that cmp compares with")

func TestMain(m *testing.M) {
	fake.Program()
	os.Exit(m.Run())
}

// TestScripts runs each script in testdata on a VM of its own.
func TestScripts(t *testing.T) {
	folder := shortFolder(t, memory())
	program := build(t, folder)
	tenant, err := agent.NewTenant()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:         "testdata",
		WorkdirRoot: folder,
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
		Condition:          condition,
		RequireUniqueNames: true,
		UpdateScripts:      *update,
	})
}

// condition is what a script may ask for in brackets: [file:PATH], a file of this host.
func condition(text string) (bool, error) {
	name, ok := strings.CutPrefix(text, "file:")
	if !ok {
		return false, fmt.Errorf("unknown condition %q", text)
	}
	_, err := os.Stat(name)
	return err == nil, nil
}

// memory gives a folder for files that no disk has to see, where the program's many flushes cost
// nothing, if programs can be started from there.
func memory() string {
	const folder = "/dev/shm"
	var stat unix.Statfs_t
	if unix.Statfs(folder, &stat) != nil || stat.Flags&unix.ST_NOEXEC != 0 || unix.Access(folder, unix.W_OK) != nil {
		return disk
	}
	return folder
}

const disk = "/tmp"

// shortFolder makes a folder whose name leaves room for the path of a unix socket, which has 108
// bytes (unix(7)): TMPDIR may be too long for that.
func shortFolder(t testing.TB, parent string) string {
	t.Helper()
	dir, err := os.MkdirTemp(parent, "scripts")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// build builds the program as the Makefile does. With the race detector it needs three times the time
// for everything, so that it has it only in a long test that has it too. The program is in folder, on
// one file system with the VMs, each of which has a link to it.
func build(t testing.TB, folder string) string {
	t.Helper()
	openSources(t)
	program := filepath.Join(folder, "docker-extension")
	args := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid= -X main.version=1.0.0"}
	environ := append(os.Environ(), "CGO_ENABLED=0")
	if raceDetector() && !testing.Short() {
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

// openSources opens the folders of the program's sources. Go keeps the result of a test until a file changes
// that the test has opened, and does not see what the compiler opens.
func openSources(t testing.TB) {
	t.Helper()
	const ours = "{{if .Module}}{{if .Module.Main}}{{.Dir}}{{end}}{{end}}"
	folders, err := exec.Command("go", "list", "-deps", "-f", ours, "docker-extension/cmd/docker-extension").Output()
	if err != nil {
		t.Fatal(err)
	}
	for folder := range strings.FieldsSeq(string(folders)) {
		if _, err := os.ReadDir(folder); err != nil {
			t.Fatal(err)
		}
	}
}

var raceDetector = sync.OnceValue(func() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
})
