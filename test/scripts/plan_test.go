package scripts

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/test/bodies"
	"docker-extension/test/harness/agent"
)

// After each single change of the settings the plan names that change and nothing else. It asks nobody and
// touches nothing.
func TestPlan(t *testing.T) {
	v := enabled(t, memory(), bodies.Base)
	before, err := v.tree()
	if err != nil {
		t.Fatal(err)
	}
	v.kept = before
	v.host.Record.Take()
	for _, change := range bodies.Changes() {
		t.Run(change.Name, func(t *testing.T) {
			got := v.plan(t, change)
			lines := strings.NewReplacer(v.port, "PORT", v.otherPort, "OTHERPORT").Replace(got.Lines())
			if got.StepNames() != change.Steps || lines != change.Lines {
				t.Errorf("steps %q\n%s\nwant %q\n%s", got.StepNames(), lines, change.Steps, change.Lines)
			}
			if asked := v.host.Record.Take(); len(asked) != 0 {
				t.Errorf("the plan has asked %q", asked)
			}
		})
	}
	if err := v.same(); err != nil {
		t.Error(err)
	}
}

// enabled gives a VM in a folder below parent on which an enable has succeeded. PORT in the public settings
// stands for a free port; the protected settings have certificates.
func enabled(t testing.TB, parent, public string) *vm {
	t.Helper()
	tenant, err := agent.NewTenant()
	if err != nil {
		t.Fatal(err)
	}
	folder := shortFolder(t, parent)
	v, err := newVM(folder, build(t, folder), tenant)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.host.Stop)
	protected, err := protectedSettings("")
	if err != nil {
		t.Fatal(err)
	}
	if err := v.settings("1.0.0", "0", v.ports(public), protected); err != nil {
		t.Fatal(err)
	}
	must(t, v, "enable")
	if err := v.host.Settled(context.Background()); err != nil {
		t.Fatal(err)
	}
	return v
}

// ports puts free ports where PORT and OTHERPORT are.
func (v *vm) ports(text string) []byte {
	return []byte(strings.NewReplacer("OTHERPORT", v.otherPort, "PORT", v.port).Replace(text))
}

// plan asks for the plan of changed settings.
func (v *vm) plan(t *testing.T, change bodies.Change) (plan bodies.Plan) {
	t.Helper()
	secrets, err := protectedSettings("")
	if err != nil {
		t.Fatal(err)
	}
	public, err := bodies.Patch(v.ports(bodies.Base), string(v.ports(change.Public)))
	if err != nil {
		t.Fatal(err)
	}
	protected, err := bodies.Patch(secrets, change.Protected)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.settings("1.0.0", "1", public, protected); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(filepath.Join(v.root, handlerDir("1.0.0"), "bin", "docker-extension"), "--root", v.root, "plan", "--output", "json")
	command.Env = environ()
	output, err := command.CombinedOutput()
	if err != nil || json.Unmarshal(output, &plan) != nil {
		t.Fatalf("plan: %v\n%s", err, output)
	}
	return plan
}
