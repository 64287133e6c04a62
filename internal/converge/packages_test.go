package converge

import (
	"context"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/state"
)

// Packages around an engine that stays are exchanged without stopping it.
func TestExchangeAroundAnEngineThatStays(t *testing.T) {
	goal := moved()
	goal.Parting, goal.Pinned = state.Parting{}, []string{"docker.io"}
	goal.Want.Packages = map[string]state.Package{"docker.io": {Installed: true}, "plugin-b": {Installed: true}, "plugin-a": {}}
	goal.Have.Packages = map[string]state.Package{"docker.io": {Installed: true}, "plugin-a": {Installed: true}}
	goal.Want.Choice = goal.Have.Choice
	goal.Want.Files = goal.Have.Files
	want := []string{"install plugin-b in place of plugin-a"}
	if got := summaries(goal); !slices.Equal(got, want) {
		t.Errorf("steps:\n%s", strings.Join(got, "\n"))
	}
}

// What came along with a package goes with it, where nothing that stays needs it: that is for the package
// manager to say, and the ledger has what it says. What the settings name is not asked about.
func TestDependenciesGoWithTheirPackage(t *testing.T) {
	w := newWorld()
	r := &run{Converger: w.converger(), goal: state.Goal{Named: []string{"docker.io"}}}
	r.ledger.Debs = []string{"compose", "docker.io", "python", "runc"}
	w.needed = []string{"runc"}
	if err := (RemovePackages{[]string{"compose"}}).do(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(w.did, []string{"remove compose python runc"}) || !slices.Equal(w.ledger.Debs, []string{"docker.io", "runc"}) {
		t.Errorf("did %q, and the ledger has %q", w.did, w.ledger.Debs)
	}
}

// A drop-in is read by systemd before the restart, and the socket is left alone.
func TestRestartReadsDropIns(t *testing.T) {
	w := newWorld()
	r := &run{Converger: w.converger()}
	step := RestartUnits{Stop: []string{"docker.service"}, Start: []string{"docker.service"}, Refresh: true}
	if err := step.do(context.Background(), r); err != nil || !slices.Equal(w.did, []string{"daemon-reload", "restart"}) {
		t.Errorf("did %q, error %v", w.did, err)
	}
	files := map[string]state.File{"/etc/systemd/system/docker.service.d/50-us.conf": {}}
	if !anyDropIn([]string{"docker.service"}, files) || anyDropIn([]string{"docker.socket"}, files) {
		t.Error("a drop-in that is to go has to be read as well")
	}
}
