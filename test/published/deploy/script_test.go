package deploy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recordingAz writes its arguments into a file, one call a line, tabs between.
const recordingAz = `#!/bin/sh
printf '%s\t' "$@" >>"$AZ_CALLS"
echo >>"$AZ_CALLS"
`

// flagsOfAz are the commands that the script calls, and flags that they have, from az's reference.
func flagsOfAz() map[string][]string {
	return map[string][]string{
		"group create": {"--name", "--location"},
		"vm create": {
			"--resource-group", "--name", "--location", "--image", "--size", "--admin-username", "--generate-ssh-keys",
			"--data-disk-sizes-gb", "--custom-data", "--public-ip-sku", "--public-ip-address-dns-name", "--nsg", "--nsg-rule",
		},
		"network nsg rule create": {
			"--resource-group", "--nsg-name", "--name", "--priority", "--access", "--direction", "--protocol",
			"--destination-port-ranges", "--source-address-prefixes",
		},
		"vm extension set": {
			"--resource-group", "--vm-name", "--name", "--publisher", "--version", "--settings", "--protected-settings",
		},
	}
}

// scriptExtension runs deploy.sh with a recording az and reads the files that it names.
func scriptExtension(t *testing.T, c certificates) extension {
	t.Helper()
	calls := runScript(t, c)
	last := calls[len(calls)-1]
	if !slices.Equal(last[:3], []string{"vm", "extension", "set"}) {
		t.Fatalf("the last call is az %q", last)
	}
	public, err := os.ReadFile(after(last, "--settings"))
	if err != nil {
		t.Fatal(err)
	}
	protected, err := os.ReadFile(after(last, "--protected-settings"))
	if err != nil {
		t.Fatal(err)
	}
	return extension{
		Publisher: after(last, "--publisher"), Type: after(last, "--name"), Version: after(last, "--version"),
		MinorUpgrades: !slices.Contains(last, "--no-auto-upgrade-minor-version"),
		Public:        public, Protected: protected,
	}
}

// runScript gives the arguments of each call of az.
func runScript(t *testing.T, c certificates) (calls [][]string) {
	t.Helper()
	work := t.TempDir()
	protected, err := json.Marshal(map[string]any{"certs": map[string]string{"ca": c.ca, "cert": c.cert, "key": c.key}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, work, "bin/az", recordingAz, 0o755)
	write(t, work, "certs/protected.json", string(protected), 0o600)
	script, err := filepath.Abs(folder + "/cli/deploy.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", script)
	cmd.Dir = work
	cmd.Env = []string{
		"PATH=" + work + "/bin:/usr/bin:/bin", "AZ_CALLS=" + work + "/calls",
		"DNS_LABEL=mydocker", "CLIENT_ADDRESS=198.51.100.7/32", "CERTS=" + work + "/certs",
	}
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("deploy.sh: %v\n%s", err, output)
	}
	if got, want := string(output), "tcp://mydocker.westeurope.cloudapp.azure.com:2376\n"; got != want {
		t.Errorf("deploy.sh said %q, want %q", got, want)
	}
	content, err := os.ReadFile(work + "/calls")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		calls = append(calls, strings.Split(strings.TrimSuffix(line, "\t\n"), "\t"))
	}
	return calls
}

func after(args []string, flag string) string {
	i := slices.Index(args, flag)
	if i < 0 || i+1 >= len(args) {
		return ""
	}
	return args[i+1]
}

func write(t *testing.T, folder, name, content string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// TestScript looks at each call of az: known commands with known flags, the engine's port open to one
// address only, and no certificate on a command line, which every account of the machine can read.
func TestScript(t *testing.T) {
	calls := runScript(t, certificates{ca: "MARK", cert: "MARK", key: "MARK"})
	if len(calls) != 6 {
		t.Errorf("%d calls of az", len(calls))
	}
	known := flagsOfAz()
	open := map[string]string{}
	for _, call := range calls {
		words := slices.IndexFunc(call, func(word string) bool { return strings.HasPrefix(word, "--") })
		command := strings.Join(call[:words], " ")
		flags, ok := known[command]
		if !ok {
			t.Errorf("there is no az %s", command)
		}
		for _, word := range call[words:] {
			if strings.HasPrefix(word, "--") && word != "--output" && !slices.Contains(flags, word) {
				t.Errorf("az %s has no flag %s", command, word)
			}
			if strings.Contains(word, "MARK") {
				t.Errorf("az %s gets a certificate on its command line", command)
			}
		}
		if command == "network nsg rule create" {
			open[after(call, "--destination-port-ranges")] = after(call, "--source-address-prefixes")
		}
		if command == "vm create" && after(call, "--nsg-rule") != "NONE" {
			t.Error("az vm create opens port 22 to everybody")
		}
	}
	if open["2376"] != "198.51.100.7/32" || open["22"] != "198.51.100.7/32" || open["80"] != "Internet" || len(open) != 3 {
		t.Errorf("open are %v", open)
	}
}

// TestScriptWantsItsVariables: nothing is made in Azure before all of them are known.
func TestScriptWantsItsVariables(t *testing.T) {
	all := map[string]string{"DNS_LABEL": "a", "CLIENT_ADDRESS": "b", "CERTS": t.TempDir()}
	for missing := range all {
		work := t.TempDir()
		write(t, work, "bin/az", recordingAz, 0o755)
		cmd := exec.Command("/bin/sh", folder+"/cli/deploy.sh")
		cmd.Env = []string{"PATH=" + work + "/bin:/usr/bin:/bin", "AZ_CALLS=" + work + "/calls"}
		for name, value := range all {
			if name != missing {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
		}
		output, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(output), missing) {
			t.Errorf("without %s: %v, %s", missing, err, output)
		}
		if _, err := os.Stat(work + "/calls"); err == nil {
			t.Errorf("without %s az was called", missing)
		}
	}
}

// TestShellcheck has ShellCheck read every shell script of the project.
func TestShellcheck(t *testing.T) {
	if _, err := exec.LookPath("shellcheck"); err != nil {
		t.Skip("needs shellcheck: make setup installs it as root")
	}
	scripts := shellScripts(t)
	if len(scripts) < 5 {
		t.Errorf("found the scripts %q", scripts)
	}
	for _, name := range scripts {
		if output, err := exec.Command("shellcheck", name).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, output)
		}
	}
}

// shellScripts gives the files that begin like a shell script.
func shellScripts(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "dist"):
			return filepath.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(name)
		if strings.HasPrefix(string(content), "#!/bin/sh") || strings.HasPrefix(string(content), "#!/bin/bash") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
