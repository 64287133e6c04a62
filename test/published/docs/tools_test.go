package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// recording notes how it was called, and whether the variables for Terraform were there.
const recording = `#!/bin/sh
test "${0##*/}" != terraform || : "${TF_VAR_ca_certificate:?}" "${TF_VAR_server_certificate:?}" "${TF_VAR_server_key:?}"
test "${0##*/}" != terraform || test -s terraform.tfvars
echo "${0##*/} $*" >>"$CALLS"
`

// TestDeployPageRuns runs the commands of deploy/README.md block by block, in a copy of deploy/. Only the
// programs that reach for Azure or an engine are played; they record how they are called.
func TestDeployPageRuns(t *testing.T) {
	if testing.Short() {
		t.Skip("links the program: make test does it")
	}
	tools, work := t.TempDir(), t.TempDir()
	build(t, filepath.Join(tools, "docker-extension"))
	for _, name := range []string{"az", "terraform", "docker"} {
		if err := os.WriteFile(filepath.Join(tools, name), []byte(recording), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(work, "deploy"), os.DirFS(root+"/deploy")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(work, "deploy/cli/deploy.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, p := range read(t) {
		for _, b := range p.blocks {
			if p.name != "deploy/README.md" || b.info != "sh" {
				continue
			}
			cmd := exec.Command("sh", "-euc", b.body)
			cmd.Dir = work
			cmd.Env = []string{"PATH=" + tools + ":" + os.Getenv("PATH"), "HOME=" + work, "CALLS=" + tools + "/calls"}
			if output, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", p.at(b), err, output)
			}
		}
	}
	calls, err := os.ReadFile(filepath.Join(tools, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"az deployment group create", "deploy/bicep/main.bicepparam", "terraform init\nterraform apply\n", "az vm extension set", "docker --context mydocker ps",
	} {
		if !strings.Contains(string(calls), want) {
			t.Errorf("nobody has called %q:\n%s", want, calls)
		}
	}
}

// build links the program.
func build(t *testing.T, program string) {
	t.Helper()
	if output, err := exec.Command("go", "build", "-o", program, "docker-extension/cmd/docker-extension").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
}
