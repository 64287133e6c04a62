package e2e

import (
	"os"
	"strings"
	"testing"

	"docker-extension/test/vm"
)

// TestCloudInit has cloud-init itself judge the file that deploy/ gives it, and a broken copy of it, so
// that its verdict is known to mean something. It runs in a machine because the package would take over
// the host's network at the next boot.
func TestCloudInit(t *testing.T) {
	t.Parallel()
	machine := vm.ForTest(t, "bookworm")
	content, err := os.ReadFile("../../deploy/cli/cloud-init.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := machine.Sh(t.Context(), "export DEBIAN_FRONTEND=noninteractive; apt-get -qq update && "+
		"apt-get -qq -o Acquire::Retries=3 install -y --no-install-recommends cloud-init"); err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(content), "table_type: gpt", "table_type: gtp", 1)
	for name, file := range map[string]struct {
		content string
		valid   bool
	}{
		"/root/good.yaml":   {string(content), true},
		"/root/broken.yaml": {broken, false},
	} {
		if err := machine.WriteFile(name, 0o644, []byte(file.content)); err != nil {
			t.Fatal(err)
		}
		output, err := machine.Sh(t.Context(), "cloud-init schema --config-file "+name+" 2>&1")
		if (err == nil) != file.valid {
			t.Errorf("cloud-init says of %s: %v\n%s", name, err, output)
		}
	}
}
