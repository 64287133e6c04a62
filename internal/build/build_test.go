package build

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const root = "../.." // of the sources, seen from this package

func binaries() fstest.MapFS {
	return fstest.MapFS{
		"docker-extension-amd64": {Data: []byte("#!/bin/sh\necho amd64 \"$@\"\nexit 7\n")},
		"docker-extension-arm64": {Data: []byte("#!/bin/sh\necho arm64 \"$@\"\nexit 7\n")},
	}
}

func extension(t *testing.T) []Entry {
	t.Helper()
	entries, err := Extension(os.DirFS(root), binaries())
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

func TestVersion(t *testing.T) {
	for version, good := range map[string]bool{
		"1.2.3": true, "0.1.0": true, "1.2.3.4": true,
		"": false, "1.2": false, "v1.2.3": false, "1.2.3-rc1": false, "1.2.3.4.5": false, "1.2.3\n": false,
	} {
		if err := Version(version); (err == nil) != good {
			t.Errorf("Version(%q) = %v", version, err)
		}
	}
}

func TestZipDependsOnTheContentAlone(t *testing.T) {
	entries := extension(t)
	one, err := Zip(entries)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(entries)
	two, err := Zip(entries)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Error("the same files in another order gave another zip")
	}
}

func TestZipCanBeRead(t *testing.T) {
	entries := extension(t)
	packed, err := Zip(entries)
	if err != nil {
		t.Fatal(err)
	}
	r, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range r.File {
		names = append(names, file.Name)
	}
	want := []string{
		"HandlerManifest.json", "bin/docker-extension", "bin/docker-extension-amd64", "bin/docker-extension-arm64",
	}
	if !slices.Equal(names, want) {
		t.Errorf("the zip holds %q, want %q", names, want)
	}
}

func TestZipRefuses(t *testing.T) {
	noise := make([]byte, Limit+1)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	for what, entries := range map[string][]Entry{
		"a zip over the limit":   {{Name: "noise", Content: noise}},
		"one name for two files": {{Name: "a"}, {Name: "b"}, {Name: "a"}},
	} {
		if _, err := Zip(entries); err == nil {
			t.Errorf("%s was packed", what)
		}
	}
}

func TestExtensionNeedsEveryBinary(t *testing.T) {
	for _, arch := range Architectures() {
		missing := binaries()
		delete(missing, "docker-extension-"+arch)
		if _, err := Extension(os.DirFS(root), missing); err == nil {
			t.Errorf("packed without the binary for %s", arch)
		}
	}
}

// The agent takes a string for a flag as true in some versions and as false in others, ignores keys
// that it does not know, and runs what the commands name without looking (exthandlers.py of waagent).
func TestManifest(t *testing.T) {
	var manifest []struct {
		Version         float64
		HandlerManifest struct {
			InstallCommand, EnableCommand, DisableCommand, UpdateCommand, UninstallCommand string

			ReportHeartbeat            *bool
			UpdateMode                 string
			ContinueOnUpdateFailure    *bool
			RebootAfterInstall         *bool
			SupportsMultipleExtensions *bool
		}
	}
	entries := extension(t)
	d := json.NewDecoder(bytes.NewReader(entries[0].Content))
	d.DisallowUnknownFields()
	if err := d.Decode(&manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 {
		t.Fatalf("the manifest has %d elements; the agent reads one", len(manifest))
	}
	m := manifest[0].HandlerManifest
	for verb, command := range map[string]string{
		"install": m.InstallCommand, "enable": m.EnableCommand, "disable": m.DisableCommand,
		"update": m.UpdateCommand, "uninstall": m.UninstallCommand,
	} {
		program, argument, _ := strings.Cut(command, " ")
		packed := slices.ContainsFunc(entries, func(e Entry) bool { return e.Name == program })
		if !packed || argument != verb {
			t.Errorf("the command of %s is %q", verb, command)
		}
	}
	if m.UpdateMode != "UpdateWithInstall" {
		t.Errorf("updateMode is %q", m.UpdateMode)
	}
	for name, flag := range map[string]*bool{
		"reportHeartbeat": m.ReportHeartbeat, "continueOnUpdateFailure": m.ContinueOnUpdateFailure,
		"rebootAfterInstall": m.RebootAfterInstall, "supportsMultipleExtensions": m.SupportsMultipleExtensions,
	} {
		if flag == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

// unpack lays the extension out as the agent does: no mode survives, then the owner may execute.
func unpack(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, entry := range extension(t) {
		if err := os.WriteFile(filepath.Join(folder, entry.Name), entry.Content, 0o744); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestLauncher(t *testing.T) {
	const intel, arm = "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"
	tests := map[string]struct {
		loaders       []string
		machine, says string // machine is what uname answers, "" if there is no uname
		exit          int
	}{
		"Intel by its loader":    {[]string{intel}, "", "amd64 enable two words\n", 7},
		"Arm by its loader":      {[]string{arm}, "", "arm64 enable two words\n", 7},
		"Intel with both":        {[]string{intel, arm}, "x86_64", "amd64 enable two words\n", 7},
		"Arm with both":          {[]string{intel, arm}, "aarch64", "arm64 enable two words\n", 7},
		"Intel without a loader": {nil, "x86_64", "amd64 enable two words\n", 7},
		"Arm without a loader":   {nil, "aarch64", "arm64 enable two words\n", 7},
		"anything else":          {nil, "riscv64", `uname -m says "riscv64"`, 51},
		"no uname":               {nil, "", `uname -m says ""`, 51},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			folder, path, root := unpack(t), t.TempDir(), t.TempDir()
			launcher := filepath.Join(folder, "bin", "docker-extension")
			script, err := os.ReadFile(launcher)
			if err != nil {
				t.Fatal(err)
			}
			// The loaders of this machine are not to count.
			text := strings.ReplaceAll(string(script), "=/lib", "="+root+"/lib")
			write(t, launcher, text)
			for _, loader := range test.loaders {
				write(t, root+loader, "")
			}
			if test.machine != "" {
				write(t, filepath.Join(path, "uname"), "#!/bin/sh\necho "+test.machine+"\n")
			}
			cmd := exec.Command("/bin/sh", "-c", folder+"/bin/docker-extension enable 'two words'")
			cmd.Dir, cmd.Env = folder, []string{"PATH=" + path}
			output, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != test.exit || !strings.Contains(string(output), test.says) {
				t.Errorf("exit %d and %q, want %d and %q", got, output, test.exit, test.says)
			}
		})
	}
}

// write makes an executable file, and its folder.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestLauncherFromItsOwnFolder(t *testing.T) {
	cmd := exec.Command("/bin/sh", "docker-extension", "version")
	cmd.Dir = filepath.Join(unpack(t), "bin")
	output, _ := cmd.CombinedOutput()
	if !strings.HasSuffix(string(output), "64 version\n") {
		t.Errorf("the launcher said %q", output)
	}
}
