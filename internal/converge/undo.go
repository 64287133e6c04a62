package converge

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/lists"
	"docker-extension/internal/state"
)

// undo follows a step that failed. Where units that ran before do not start with what this run has
// written, or were stopped for what could not be done, the files become what they were and the units
// start with those: a wrong value must not cost a person the engine. It gives the step's error, with what
// came of the undoing.
func (r *run) undo(ctx context.Context, failed int, err error) error {
	restart, starting := r.steps[failed].(RestartUnits)
	units := r.stranded(failed, starting && fault.CodeOf(err) == fault.EngineStart)
	if len(units) == 0 {
		return err
	}
	changed, undoErr := r.putBack(failed)
	if undoErr != nil {
		return fmt.Errorf("%w; cannot undo it: %w", err, undoErr)
	}
	if starting && !changed {
		return fmt.Errorf("%w%s", err, r.wayBack(failed)) // it would do the same again
	}
	again := r.backToWork(ctx, units, restart.Refresh) == nil
	switch {
	case changed && again:
		return fmt.Errorf("%w; the files are as they were, and it runs again", err)
	case changed:
		return fmt.Errorf("%w; the files are as they were, but with them it does not start either%s", err, r.wayBack(failed))
	case again:
		return fmt.Errorf("%w; the engine runs again", err)
	default:
		return fmt.Errorf("%w; the engine does not start again%s", err, r.wayBack(failed))
	}
}

// stranded gives the units that ran when the run began, are to run, and are stopped: by a step before, by
// a run before that was cut off, or because they do not start. None, if one of them did not run before, save
// for those that read no file of ours: containerd, which was down, is only helped up along with the engine.
func (r *run) stranded(failed int, refused bool) []string {
	down := r.foundStranded()
	for i, step := range r.steps[:failed+1] {
		restart, ok := step.(RestartUnits)
		switch {
		case !ok:
		case i < failed:
			up := func(u string) bool { return slices.Contains(restart.Start, u) }
			down = slices.DeleteFunc(lists.Union(down, restart.Stop), up)
		case refused:
			down = lists.Union(down, restart.Start)
		}
	}
	down = slices.DeleteFunc(down, func(u string) bool { return !r.ran(u) && r.goal.Want.Units[u].Started == "" })
	if slices.ContainsFunc(down, func(u string) bool { return !r.ran(u) || !r.goal.Want.Units[u].Active }) {
		return nil
	}
	return socketsFirst(down)
}

// foundStranded gives the units that a run before has stopped or not started again, in the middle of a change.
// What that run made of their sockets nobody knows, so that these go along: one that stayed open would hand
// over a port that the files no longer speak of.
func (r *run) foundStranded() []string {
	if r.ledger.Backup == nil {
		return nil
	}
	idle := selectKeys(r.goal.Want.Units, func(u string, w state.Unit) bool {
		return w.Active && w.Started != "" && !ran(r.goal, u)
	})
	sockets := selectKeys(r.goal.Want.Units, func(u string, w state.Unit) bool {
		service, socket := serviceOf(u)
		return w.Active && socket && slices.Contains(idle, service)
	})
	return lists.Union(idle, sockets)
}

// ran tells whether a unit ran before this run, or before one that was cut off in the same change.
func (r *run) ran(unit string) bool { return ran(r.goal, unit) || r.ledger.Backup != nil }

// ran tells whether a unit runs. A socket counts as its service does: one whose file somebody has removed is
// no longer active for systemd, while the engine goes on.
func ran(goal state.Goal, unit string) bool {
	service, socket := serviceOf(unit)
	return goal.Have.Units[unit].Active || socket && goal.Have.Units[service].Active
}

// putBack makes the files what they were when the engine ran with them, whether this run has written them
// or one before it that was cut off, in an order that is as safe as that of any change. It tells whether
// that was a change. What says where packages come from stays: it is no business of the engine.
func (r *run) putBack(failed int) (changed bool, err error) {
	there, before, daemon := r.filesBefore(failed)
	back := fileSteps(state.Goal{Want: state.State{Files: before}, Have: state.State{Files: there}}, now)
	if len(back) == 0 {
		return false, nil
	}
	// Until the files are there, either content may be.
	if err := r.remember(func(l *state.Ledger) { l.Daemon, l.Pending = daemon, orEmpty(r.goal.Daemon) }); err != nil {
		return true, err
	}
	for _, step := range back {
		if err := r.putBackPart(step.(WriteFiles), daemon); err != nil {
			return true, err
		}
	}
	return true, nil
}

// filesBefore gives the files as they are now, as they were when the engine ran with them, and what of
// daemon.json was ours then.
func (r *run) filesBefore(failed int) (there, before map[string]state.File, daemon map[string]json.RawMessage) {
	there, before = orEmpty(maps.Clone(r.goal.Have.Files)), map[string]state.File{}
	maps.Copy(there, r.wrote)
	for _, step := range r.steps[:failed+1] { // of the one that failed, some may be written
		if s, ok := step.(WriteFiles); ok && s.Part != partSource {
			for p := range s.Files {
				before[p] = r.goal.Have.Files[p]
			}
		}
	}
	backup := r.ledger.Backup
	if backup == nil {
		return there, before, r.goal.Found
	}
	for p, found := range backup.Files {
		before[p] = state.File{Exists: found.Existed, Mode: fs.FileMode(found.Mode), Content: found.Content}
	}
	return there, before, backup.Daemon
}

func (r *run) putBackPart(part WriteFiles, daemon map[string]json.RawMessage) error {
	for _, p := range part.Paths {
		if file, err := r.Files.Read(p); err == nil && !file.Equal(r.known(p)) {
			r.note(errChanged, p+" was not put back: somebody has changed it in the meantime")
			continue
		}
		write := func() error { return r.write(WriteFiles{Paths: []string{p}, Files: part.Files}) }
		if p != r.goal.Parting.Path {
			if err := write(); err != nil {
				return err
			}
			continue
		}
		if err := r.turnTo(daemon, write); err != nil {
			return err
		}
		if err := r.remember(func(l *state.Ledger) { l.Daemon, l.Pending = daemon, orEmpty(r.goal.Daemon) }); err != nil {
			return err
		}
	}
	return nil
}

// wayBack says how to have the packages again that others have taken the place of.
func (r *run) wayBack(failed int) string {
	for _, step := range r.steps[:failed] {
		if s, ok := step.(InstallPackages); ok && len(s.Instead) > 0 {
			return "; the settings from before bring back " + strings.Join(s.Instead, ", ") + " and all containers"
		}
	}
	return ""
}

// backToWork stops and starts units, since a socket may have started with its new addresses. In between
// nobody knows what they have read, so that a run after a crash here does not take them for good.
func (r *run) backToWork(ctx context.Context, units []string, refresh bool) error {
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
	if err := (RestartUnits{Stop: units, Start: units, Refresh: refresh || anySocket(units)}).do(ctx, r); err != nil {
		return err
	}
	return r.remember(func(l *state.Ledger) { l.Units, l.Backup = known, nil })
}
