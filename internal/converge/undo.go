package converge

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// undo follows a step that failed. Where units that ran before do not start with what this run has
// written, the files become what they were and the units start with those: a wrong value must not cost a
// person the engine. It gives the step's error, with what came of the undoing.
func (r *run) undo(ctx context.Context, failed int, err error) error {
	restart, ok := r.steps[failed].(RestartUnits)
	if !ok || fault.CodeOf(err) != fault.EngineStart || !r.allRan(restart.Start) {
		return err
	}
	undone := false
	for _, step := range slices.Backward(r.steps[:failed]) {
		written, ok := step.(WriteFiles)
		if !ok {
			continue
		}
		undone = true
		for _, p := range slices.Backward(written.Paths) {
			if undoErr := r.Files.Write(p, r.goal.Have.Files[p]); undoErr != nil {
				return fmt.Errorf("%w; cannot undo it: %w", err, undoErr)
			}
		}
	}
	if !undone {
		return err
	}
	if r.backToWork(ctx, restart.Start) != nil {
		return fmt.Errorf("%w; the files are as they were, but with them it does not start either", err)
	}
	return fmt.Errorf("%w; the files are as they were, and it runs again", err)
}

// backToWork stops and starts units, since a socket may have started with its new addresses. In between
// nobody knows what they have read, so that a run after a crash here does not take them for good.
func (r *run) backToWork(ctx context.Context, units []string) error {
	known := maps.Clone(r.ledger.Units)
	err := r.remember(func(l *state.Ledger) {
		l.Units = maps.Clone(l.Units)
		for _, u := range units {
			loaded := l.Units[u]
			loaded.Started, loaded.Reloaded = "", ""
			l.Units[u] = loaded
		}
	})
	if err != nil {
		return err
	}
	if err := (RestartUnits{Stop: units, Start: units, Refresh: anySocket(units)}).do(ctx, r); err != nil {
		return err
	}
	return r.remember(func(l *state.Ledger) { l.Units = known })
}

// allRan tells whether units were active when the run began, all of them and at least one.
func (r *run) allRan(units []string) bool {
	return len(units) > 0 && !slices.ContainsFunc(units, func(u string) bool { return !r.goal.Have.Units[u].Active })
}
