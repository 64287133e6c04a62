//go:build long

package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestAzTakesTheCommands gives every call of az in a shell block to az itself, without an account: it reads its
// command line first, and what it does not know ends with 2 before it asks for a login.
func TestAzTakesTheCommands(t *testing.T) {
	az, err := exec.LookPath("az")
	if err != nil {
		t.Skip("needs az, which is a gigabyte: apt-get install azure-cli, where the distribution has it")
	}
	calls := [][]string{{"vm", "extension", "set", "--nam", "a"}}
	wrong := len(calls)
	for _, p := range read(t) {
		for _, b := range p.blocks {
			if b.info != "sh" {
				continue
			}
			lines, err := commands(b.body)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				if l.words[0] == "az" {
					calls = append(calls, l.words[1:])
				}
			}
		}
	}
	if len(calls) < wrong+5 {
		t.Errorf("found %d calls", len(calls)-wrong)
	}
	home := t.TempDir()
	for i, args := range calls {
		cmd := exec.Command(az, withoutFiles(args)...)
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "AZURE_CONFIG_DIR=" + home, "AZURE_CORE_COLLECT_TELEMETRY=false"}
		output, _ := cmd.CombinedOutput()
		if refused := cmd.ProcessState.ExitCode() == 2; refused != (i < wrong) {
			t.Errorf("az %s: ended with %d\n%s", strings.Join(args, " "), cmd.ProcessState.ExitCode(), output)
		}
	}
}

// withoutFiles puts an empty object in the place of files that are not there: az opens them before it looks at
// flags.
func withoutFiles(args []string) []string {
	all := make([]string, len(args))
	for i, arg := range args {
		name, path, assigned := strings.Cut(arg, "=@")
		switch {
		case strings.HasSuffix(arg, ".json") && !strings.HasPrefix(arg, "deploy/"):
			all[i] = "{}"
		case strings.HasPrefix(arg, "deploy/"):
			all[i] = filepath.Join(root, arg)
		case assigned && path != "":
			all[i] = name + "=x"
		default:
			all[i] = arg
		}
	}
	return all
}
