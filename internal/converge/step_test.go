package converge

import (
	"errors"
	"slices"
	"testing"

	"docker-extension/internal/state"
)

// An engine that hangs in its start reloads nothing, which is no reason not to stop it, and one to fail where
// nothing else would give it the new configuration.
func TestUnitThatIsNotUpIsNotReloaded(t *testing.T) {
	const unit = "docker.service"
	for name, c := range map[string]struct {
		err   error
		then  Step
		fails bool
	}{
		"hangs, and is restarted": {NotUp{errors.New("hangs")}, RestartUnits{Stop: []string{unit}, Start: []string{unit}}, false},
		"hangs, and is stopped":   {NotUp{errors.New("hangs")}, RestartUnits{Stop: []string{unit}}, false},
		"hangs, and is asked":     {NotUp{errors.New("hangs")}, AwaitEngine{}, true},
		"refuses":                 {errors.New("refuses"), RestartUnits{Stop: []string{unit}, Start: []string{unit}}, true},
	} {
		w := newWorld()
		w.failReload = c.err
		r := &run{Converger: w.converger(), steps: []Step{ReloadUnit{unit}, c.then}}
		if err := r.steps[0].do(t.Context(), r); (err != nil) != c.fails {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// An engine that was down when the run looked may have come up with its old files: it is restarted. One that
// is yet to be installed is started, and one that runs is asked for only.
func TestServiceThatMayBeAwakeIsRestarted(t *testing.T) {
	for name, c := range map[string]struct {
		have state.Unit
		want string
	}{
		"down":          {state.Unit{Enabled: true}, "restart"},
		"not there yet": {state.Unit{}, "start docker.service"},
		"running":       {state.Unit{Enabled: true, Active: true}, "start docker.service"},
	} {
		w := newWorld()
		r := &run{Converger: w.converger(), goal: state.Goal{
			Want: state.State{Units: map[string]state.Unit{"docker.service": {Active: true, Started: "new"}}},
			Have: state.State{Units: map[string]state.Unit{"docker.service": c.have}},
		}}
		if err := (RestartUnits{Start: []string{"docker.service"}}).do(t.Context(), r); err != nil || !slices.Equal(w.did, []string{c.want}) {
			t.Errorf("%s: did %q, error %v", name, w.did, err)
		}
	}
}
