// Package converge turns the host that is there into the host that is wanted: it compares the two,
// lists the steps between them, takes the steps one by one, and looks again. It decides nothing
// about Docker, and touches the host only through the interfaces which it declares here.
package converge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"docker-extension/internal/fault"
	"docker-extension/internal/oplog"
	"docker-extension/internal/patience"
	"docker-extension/internal/state"
)

// Files writes and removes files below the host's root.
type Files interface {
	// Read gives the file; one that is not there does not exist, which is no error.
	Read(path string) (state.File, error)
	// Write puts files in place in this order, each atomically, or removes those that are not to exist. All are
	// laid down beside their places before the first one changes: no room for one of them changes none.
	Write(paths []string, files map[string]state.File) error
	// Sweep removes the temporary files of writes to these paths that were cut off.
	Sweep(paths []string) error
	// RemoveTree deletes a directory with all that is in it; one that is missing is fine.
	RemoveTree(path string) error
}

// Packages is the package manager.
type Packages interface {
	// Fetch downloads what an installation needs, and changes no package.
	Fetch(ctx context.Context, what state.Installation) error
	// Install also brings what the packages depend on. Some of it may have come when it fails.
	Install(ctx context.Context, what state.Installation) error
	// Present gives the names of the packages that are there now, whole or half, sorted. It only reads.
	Present() ([]string, error)
	// Removable gives those of the installed packages that none outside of the result needs. It only reads.
	Removable(names []string) ([]string, error)
	// Remove leaves configuration and data, and every package that another one still needs. It
	// gives those that are gone.
	Remove(ctx context.Context, names []string) (removed []string, err error)
	Hold(ctx context.Context, names []string) error
	Unhold(ctx context.Context, names []string) error
}

// Sources are the repositories that the package manager knows.
type Sources interface {
	// Add tries a repository and then puts its description and its key in place; one that cannot be
	// used leaves no trace. It gives the fingerprints of the keys.
	Add(ctx context.Context, repository state.Repository, proxy state.Proxy) (fingerprints []string, err error)
}

// Units is the service manager. Every call returns when its job has ended.
type Units interface {
	DaemonReload(ctx context.Context) error
	Enable(ctx context.Context, units ...string) error
	Disable(ctx context.Context, units ...string) error
	Start(ctx context.Context, units ...string) error
	Stop(ctx context.Context, units ...string) error
	Restart(ctx context.Context, units ...string) error
	// ReloadUnit returns when the unit has said that it works with what it read. One that is down it starts;
	// if the unit does not come up, the error is a NotUp.
	ReloadUnit(ctx context.Context, unit string) error
	// HoldBack makes every start of the units a start of nothing, until Release.
	HoldBack(units ...string) error
	Release(units ...string) error
}

// NotUp is the error of a reload of a unit that was not up, and did not come up.
type NotUp struct{ Cause error }

// Error is that of the start.
func (e NotUp) Error() string { return e.Cause.Error() }

// Unwrap gives the start's error.
func (e NotUp) Unwrap() error { return e.Cause }

// Accounts is the user database.
type Accounts interface {
	AddMember(context.Context, state.Member) error
	RemoveMember(context.Context, state.Member) error
}

// Engine is the container engine, as far as it has to be asked something.
type Engine interface {
	// Ready returns when the engine answers.
	Ready(ctx context.Context, at state.Endpoint) error
	// Approves gives the engine's complaint about a content of its configuration file, or what is known to
	// keep it from starting with that.
	Approves(ctx context.Context, path string, content []byte) error
}

// Memory keeps the ledger over a power cut.
type Memory interface {
	SaveLedger(state.Ledger) error
}

// Host is everything of the host that a step may touch.
type Host struct {
	Files      Files
	Packages   Packages
	Sources    Sources
	Units      Units
	Accounts   Accounts
	Engine     Engine
	Registries Registries
	Composer   Composer
	Memory     Memory
}

// Converger takes a host to a goal.
type Converger struct {
	Host
	// Survey looks at the host, once before the steps and once after.
	Survey func() (state.Facts, error)
	// Aim says what is wanted, given what is there. It is pure.
	Aim func(state.Facts) (state.Goal, error)
	// Report is called whenever a step starts or ends, with all steps of the run.
	Report func([]Progress)
	// Superseded is closed when the goal is no longer worth reaching: the run then ends before its next
	// step, or at once where it only waits. Nil if that cannot happen.
	Superseded <-chan struct{}
	// Budget is for all the waiting that the run does for others: 0 means patience.Default, and less than
	// that no waiting.
	Budget time.Duration
	Log    *logrus.Entry
}

// Phase is how far a step has come.
type Phase int

// The phases of a step, in their order.
const (
	Waiting Phase = iota
	Running
	Done
	Failed
)

// Progress is one step as it is reported.
type Progress struct {
	Name    string
	Summary string
	Phase   Phase
	Detail  string        // how far a Running step is; mostly ""
	Took    time.Duration // 0 unless Done or Failed
	Err     error         // only if Failed
}

// Result is what a run came to.
type Result struct {
	Steps []Progress // none: the host already was as wanted
	Notes []string   // what a person should know although nothing is wrong
	Goal  state.Goal
}

// Plan looks at the host and gives the goal and the steps to it. It changes nothing.
func (c Converger) Plan() (state.Facts, state.Goal, []Step, error) {
	facts, err := c.Survey()
	if err != nil {
		return state.Facts{}, state.Goal{}, nil, err
	}
	goal, err := c.Aim(facts)
	if err != nil {
		return state.Facts{}, state.Goal{}, nil, err
	}
	if goal, err = c.possible(goal); err != nil {
		return state.Facts{}, state.Goal{}, nil, err
	}
	steps := Diff(goal)
	if len(steps) == 0 && (facts.Ledger.Pending != nil || facts.CutOff) {
		steps = []Step{SettleLedger{}}
	}
	return facts, goal, steps, nil
}

// Run takes the steps to the goal, and looks again whether it has been reached. On an error the
// steps before it stay done; a later run goes on from there. Where somebody else has changed a file in the
// meantime, that is at once.
func (c Converger) Run(ctx context.Context) (Result, error) {
	result, err := c.walk(ctx)
	for more := looks; errors.Is(err, errChanged) && more > 1; more-- {
		c.Log.WithError(err).Info("looks at the host anew")
		result, err = c.walk(ctx)
	}
	return result, err
}

func (c Converger) walk(ctx context.Context) (Result, error) {
	facts, goal, steps, err := c.Plan()
	if err != nil {
		return Result{}, err
	}
	result := Result{Notes: goal.Notes, Goal: goal}
	if len(steps) == 0 {
		return result, nil
	}
	r := &run{Converger: c, goal: goal, steps: steps, ledger: claim(facts.Ledger, facts, goal), daemon: goal.Found, wrote: map[string]state.File{}}
	result.Steps, err = r.apply(ctx)
	result.Notes = slices.Concat(goal.Notes, r.notes)
	if errors.Is(err, errChanged) {
		err = errors.Join(err, r.remember(func(l *state.Ledger) { disclaim(l, facts.Ledger, r.wrote) }))
	}
	if err != nil {
		return result, err
	}
	r.ledger = settle(r.ledger, goal)
	if err := c.Memory.SaveLedger(r.ledger); err != nil {
		return result, err
	}
	return result, c.verify()
}

// verify looks at the host again. What still differs now is our own mistake, or somebody works
// against us.
func (c Converger) verify() error {
	_, _, steps, err := c.Plan()
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		return nil
	}
	left := make([]string, len(steps))
	for i, s := range steps {
		left[i] = s.Summary()
	}
	return fault.New(fault.NotConverged, "", "look for another program that manages Docker on this VM, "+fault.Retry,
		"the host is not as wanted after all steps were done: still to do: %s", strings.Join(left, "; "))
}

// run is one walk through the steps.
type run struct {
	Converger
	goal     state.Goal
	steps    []Step
	ledger   state.Ledger
	progress []Progress
	notes    []string                   // what a person should know of the steps that were done
	current  int                        // the step in hand
	answers  bool                       // the engine does, with what the run has written
	wrote    map[string]state.File      // the files that the run has written, as they are
	daemon   map[string]json.RawMessage // the values of ours in a file that is written more than once
}

func (r *run) apply(ctx context.Context) ([]Progress, error) {
	ctx = patience.With(ctx, patience.New(r.budget(), r.Superseded, r.say))
	r.progress = make([]Progress, len(r.steps))
	for i, s := range r.steps {
		r.progress[i] = Progress{Name: s.Name(), Summary: s.Summary()}
	}
	// A temporary file may hold a key, and keeps a folder from being removed.
	if err := r.Files.Sweep(slices.Sorted(maps.Keys(r.ledger.Files))); err != nil {
		return r.progress, err
	}
	if err := r.Memory.SaveLedger(r.ledger); err != nil {
		return r.progress, err
	}
	for i := range r.steps {
		if r.superseded() && len(r.stranded(i, false)) == 0 { // what it has stopped does not stay so
			return r.progress, fault.New(fault.Superseded, "", "", "stopped before step %d of %d: newer settings took over", i+1, len(r.steps))
		}
		if err := r.take(ctx, i); err != nil {
			return r.progress, r.undo(ctx, i, err)
		}
	}
	return r.progress, nil
}

// take does one step and reports it.
func (r *run) take(ctx context.Context, i int) error {
	p := &r.progress[i]
	r.current = i
	p.Phase = Running
	r.Report(r.progress)
	started := time.Now()
	err := oplog.Step(r.Log, p.Summary, func() error { return r.steps[i].do(ctx, r) })
	p.Took, p.Phase, p.Detail = time.Since(started), Done, ""
	if err != nil {
		p.Phase = Failed
		p.Err = fmt.Errorf("step %d of %d (%s): %w", i+1, len(r.steps), p.Name, err)
	}
	r.Report(r.progress)
	return p.Err
}

// superseded tells whether the goal is no longer worth reaching.
func (r *run) superseded() bool {
	select {
	case <-r.Superseded:
		return true
	default:
		return false
	}
}

func (r *run) budget() time.Duration {
	if r.Budget == 0 {
		return patience.Default
	}
	return r.Budget
}

// say reports how far the step in hand is.
func (r *run) say(detail string) {
	r.progress[r.current].Detail = detail
	r.Report(r.progress)
}

// note keeps what a person should know although the run goes on, and logs it with its cause.
func (r *run) note(cause error, text string) {
	r.notes = append(r.notes, text)
	r.Log.WithError(cause).Warn(text)
}

// remember changes the ledger in the middle of a run and saves it.
func (r *run) remember(change func(*state.Ledger)) error {
	change(&r.ledger)
	return r.Memory.SaveLedger(r.ledger)
}
