package scripts

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/engine"
	"docker-extension/test/harness/agent"
)

// TestPlantedLinks runs enable with a symbolic link in the place of everything that it writes, and of
// every directory above: the places are those where a run without links was seen to write. Nothing is
// ever written to where a link leads, but for two kinds of directories: those that people move to
// another disk, and the agent's own.
func TestPlantedLinks(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the program some forty times; make test does it")
	}
	folder := shortFolder(t, memory())
	program := build(t, folder)
	tenant, err := agent.NewTenant()
	if err != nil {
		t.Fatal(err)
	}
	fresh := func(t *testing.T) *vm {
		v, err := newVM(shortFolder(t, folder), program, tenant)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(v.host.Stop)
		return v
	}
	for place, dir := range places(t, written(t, fresh(t))) {
		t.Run(strings.ReplaceAll(place, "/", "|"), func(t *testing.T) {
			v := fresh(t)
			before := v.plant(t, place, dir)
			code := v.enableAll(t)
			if at, ok := followed(place); ok && dir {
				if code != 0 {
					t.Errorf("%s may be a link, but enable ended with %d", at, code)
				}
				return
			}
			if after := outside(t, v); after != before {
				t.Errorf("behind the link there was\n%s\nand is\n%s", before, after)
			}
			// A run goes on only where it has put a file in the place of the link, or without its log and record.
			_, err := os.Readlink(filepath.Join(v.root, place))
			spared := strings.HasPrefix(place, "var/log/azure/") || strings.HasSuffix(place, "/last-run.json")
			if code == 0 && v.succeeded(t) && err == nil && !spared {
				t.Error("enable went on as if nothing were wrong")
			}
		})
	}
}

// written gives the files that a first enable leaves, and those that it takes away again.
func written(t *testing.T, v *vm) []string {
	t.Helper()
	before := everything(t, v.root)
	if code := v.enableAll(t); code != 0 || !v.succeeded(t) {
		t.Fatalf("without links enable ended with %d", code)
	}
	files := []string{"run/docker-extension/order.json", "run/docker-extension/current.json", "run/docker-extension/ended.json", "run/docker-extension/.daemon.json0000"}
	for path, mode := range everything(t, v.root) {
		_, old := before[path]
		theirs := slices.ContainsFunc([]string{"usr/", "var/lib/dpkg/", "var/lib/apt/", "run/systemd/", "proc/", "etc/systemd/system/sockets.target.wants/",
			"etc/systemd/system/multi-user.target.wants/", "var/log/azure/Test.Docker/events/",
			"var/lib/waagent/Test.Docker-1.0.0/config/"}, func(p string) bool { return strings.HasPrefix(path, p) })
		if mode.IsRegular() && !old && !theirs {
			files = append(files, path)
		}
	}
	for _, path := range engine.Paths() {
		if path != engine.ComposeFile && !slices.Contains(files, path[1:]) {
			t.Fatalf("%s was not written: %q", path, files)
		}
	}
	return files
}

// places gives the files and all directories above them; true for a directory.
func places(t *testing.T, files []string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, file := range files {
		all[file] = false
		for dir := filepath.Dir(file); dir != "."; dir = filepath.Dir(dir) {
			all[dir] = true
		}
	}
	if len(all) < 25 {
		t.Fatalf("only %d places", len(all))
	}
	return all
}

// followed tells whether a directory may be a link, and why.
func followed(place string) (string, bool) {
	switch {
	case !strings.Contains(place, "/"), place == "var/lib", place == "var/log":
		return "a directory of the system", true
	case strings.HasPrefix(place, "var/log/azure"), strings.HasPrefix(place, "var/lib/waagent"):
		return "a folder of the agent", true
	}
	return "", false
}

// outside gives where the links lead: a place where nobody has a reason to write.
func (v *vm) outside() string { return filepath.Join(v.root, "outside") }

// plant puts a link in a place, to something that was there all along. It gives what is there.
func (v *vm) plant(t *testing.T, place string, dir bool) string {
	t.Helper()
	path, behind := filepath.Join(v.root, place), v.outside()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.MkdirAll(filepath.Dir(path), 0o755))
	switch _, err := os.Lstat(path); {
	case err == nil:
		must(os.Rename(path, behind))
	case dir:
		must(os.Mkdir(behind, 0o755))
		must(os.WriteFile(filepath.Join(behind, "witness"), []byte("{}"), 0o644))
	default:
		must(os.WriteFile(behind, []byte("{}"), 0o644))
	}
	must(os.Symlink(behind, path))
	return outside(t, v)
}

// outside describes everything behind the link.
func outside(t *testing.T, v *vm) string {
	t.Helper()
	var all strings.Builder
	behind := v.outside()
	for path, mode := range everything(t, behind) {
		if !mode.IsDir() && mode&fs.ModeSymlink == 0 && mode.IsRegular() {
			content, err := os.ReadFile(filepath.Join(behind, path))
			if err != nil {
				t.Fatal(err)
			}
			path += ": " + string(content)
		}
		all.WriteString(mode.String() + " " + path + "\n")
	}
	lines := strings.SplitAfter(all.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// everything gives the mode of all that is in a folder.
func everything(t *testing.T, folder string) map[string]fs.FileMode {
	t.Helper()
	all := map[string]fs.FileMode{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		all[name] = entry.Type()
		if info, infoErr := entry.Info(); infoErr == nil {
			all[name] = info.Mode()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// enableAll gives the extension settings that make it write all files that it can, and waits for the
// end. It gives the exit code.
func (v *vm) enableAll(t *testing.T) int {
	t.Helper()
	protected, err := protectedSettings("")
	if err != nil {
		t.Fatal(err)
	}
	if err := v.settings("1.0.0", "0", []byte(`{"docker":{"port":`+v.port+`,"options":["--label","a=b"],"proxy":{"http":"http://127.0.0.1:9"}}}`), protected); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	code, err := v.call("1.0.0", "enable", "0", &output, &output)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d: %s", code, output.String())
	ctx, cancel := patience()
	defer cancel()
	if err := v.host.Settled(ctx); err != nil {
		t.Fatalf("%v\n%s", err, v.host.Journal())
	}
	return code
}

// succeeded tells whether the status says so.
func (v *vm) succeeded(t *testing.T) bool {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(v.root, handlerDir("1.0.0"), "status", "0.status"))
	if err != nil {
		t.Logf("no status: %v", err)
		return false
	}
	status := agent.ParseStatus(content)
	t.Logf("%s %d: %s", status.State, status.Code, status.Message)
	return status.State == agent.Success
}
