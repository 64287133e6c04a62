package converge

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
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

// An engine that does not confirm a reload is stopped all the same where it is not to run, and a person hears
// what that may mean. Where it is to run afterwards the run ends before it is stopped: with a file that it has
// refused it would not come up again, and in a move its containers would be the next engine's.
func TestUnitThatDoesNotConfirmItsReload(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		wanted bool
		want   []string
	}{
		"is to be stopped":                 {fault.New(fault.EngineSilent, "", "", "no event says so"), false, []string{"reload", "stop docker.service"}},
		"is to run":                        {fault.New(fault.EngineSilent, "", "", "no event says so"), true, []string{"reload"}},
		"is to be stopped, with no reload": {fault.New(fault.EngineStart, "", "", "cannot reload"), false, []string{"reload"}},
	} {
		w := newWorld()
		w.failReload = c.err
		conv := w.converger()
		conv.Aim = func(state.Facts) (state.Goal, error) {
			units := func(active bool, read state.Digest) map[string]state.Unit {
				return map[string]state.Unit{"docker.service": {Active: active, Started: read, Reloaded: read}}
			}
			stopped := slices.Contains(w.did, "stop docker.service")
			return state.Goal{Want: state.State{Units: units(c.wanted, "new")}, Have: state.State{Units: units(!stopped, "old")}}, nil
		}
		result, err := conv.Run(t.Context())
		if goesOn := len(c.want) > 1; (err == nil) != goesOn || !slices.Equal(w.did, c.want) {
			t.Errorf("%s: did %q, error %v", name, w.did, err)
		} else if said := strings.Join(result.Notes, ""); strings.Contains(said, "containers may") != goesOn {
			t.Errorf("%s: said %q", name, said)
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
