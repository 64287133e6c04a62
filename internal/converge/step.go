package converge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// Step is one change of the host, as data: it can be shown, counted and compared before anything
// is touched.
type Step interface {
	// Name is the stable name under which the step is reported, "packages" or "certificates".
	Name() string
	// Summary says what the step changes, without any content.
	Summary() string

	do(ctx context.Context, run *run) error
}

// WriteFiles puts files in place, or removes those that are not to exist. One step holds the files
// of one Part, in the order in which they are written.
type WriteFiles struct {
	Part  string
	Paths []string
	Files map[string]state.File

	// Daemon are the values of ours in a file that is written more than once in a run; nil otherwise.
	Daemon map[string]json.RawMessage
}

// Name is the part of the configuration that the files make up.
func (s WriteFiles) Name() string { return s.Part }

// Summary lists what is written and what is removed.
func (s WriteFiles) Summary() string {
	var wrote, removed []string
	for _, p := range s.Paths {
		if s.Files[p].Exists {
			wrote = append(wrote, p)
		} else {
			removed = append(removed, p)
		}
	}
	return strings.Join(nonEmpty(phrase("write", wrote), phrase("remove", removed)), "; ")
}

func (s WriteFiles) do(_ context.Context, run *run) error {
	if err := run.checkUnchanged(s); err != nil {
		return err
	}
	if err := run.keep(); err != nil {
		return err
	}
	write := func() error { return run.write(s) }
	if s.Daemon == nil {
		return write()
	}
	return run.turnTo(s.Daemon, write)
}

// turnTo writes a file whose values of ours become others. Until the next turn it may say what it did
// before or what it does then, and neither is a person's doing.
func (r *run) turnTo(values map[string]json.RawMessage, write func() error) error {
	if err := r.remember(func(l *state.Ledger) { l.Daemon, l.Pending = r.daemon, orEmpty(values) }); err != nil {
		return err
	}
	err := write()
	if err == nil {
		r.daemon = values
	}
	return err
}

// ApproveFile asks the engine whether it would start with a file, before it has to.
type ApproveFile struct {
	Path string
	File state.File
	// Undo puts files back that are in place already; empty if none is.
	Undo WriteFiles
}

// Name is "approval".
func (s ApproveFile) Name() string { return "approval" }

// Summary names the file.
func (s ApproveFile) Summary() string { return "ask the engine whether it takes " + s.Path }

func (s ApproveFile) do(ctx context.Context, run *run) error {
	err := run.Engine.Approves(ctx, s.Path, s.File.Content)
	if err == nil {
		return nil
	}
	return errors.Join(err, s.Undo.do(ctx, run))
}

// SetMember puts an account into a group, or takes it out.
type SetMember struct {
	state.Member
	In bool
}

// Name is "users".
func (s SetMember) Name() string { return "users" }

// Summary names account and group.
func (s SetMember) Summary() string {
	if s.In {
		return fmt.Sprintf("add %s to group %s", s.User, s.Group)
	}
	return fmt.Sprintf("take %s out of group %s", s.User, s.Group)
}

func (s SetMember) do(ctx context.Context, run *run) error {
	if s.In {
		return run.Accounts.AddMember(ctx, s.Member)
	}
	return run.Accounts.RemoveMember(ctx, s.Member)
}

// AtBoot makes units start at boot, or not.
type AtBoot struct {
	Units   []string
	Enabled bool
}

// Name is "at boot".
func (s AtBoot) Name() string { return "at boot" }

// Summary names the units.
func (s AtBoot) Summary() string {
	if s.Enabled {
		return phrase("start at boot:", s.Units)
	}
	return phrase("do not start at boot:", s.Units)
}

func (s AtBoot) do(ctx context.Context, run *run) error {
	if s.Enabled {
		return run.Units.Enable(ctx, s.Units...)
	}
	return run.Units.Disable(ctx, s.Units...)
}

// ReloadUnit lets a running unit read its configuration again.
type ReloadUnit struct{ Unit string }

// Name is the unit without its suffix.
func (s ReloadUnit) Name() string { return unitName(s.Unit) }

// Summary says "reload" and the unit.
func (s ReloadUnit) Summary() string { return "reload " + s.Unit }

// do forgives a unit that does not come up if a later step stops it: it has nothing to reload, and reads its
// configuration when it is started again. One that does not confirm is forgiven only if it is not to run
// afterwards: with a file that it has refused it would not start again, and containers that outlive it would be
// in the way of another engine.
func (s ReloadUnit) do(ctx context.Context, run *run) error {
	err := run.Units.ReloadUnit(ctx, s.Unit)
	notUp := NotUp{}
	switch {
	case !run.stops(s.Unit):
		return err
	case errors.As(err, &notUp):
		return nil
	case fault.CodeOf(err) == fault.EngineSilent && !run.goal.Want.Units[s.Unit].Active:
		run.note(err, s.Unit+" did not confirm its new configuration before it was stopped, so containers may go on running without it")
		return nil
	default:
		return err
	}
}

// stops tells whether the run has a step that stops the unit.
func (r *run) stops(unit string) bool {
	return slices.ContainsFunc(r.steps, func(step Step) bool {
		s, ok := step.(RestartUnits)
		return ok && slices.Contains(s.Stop, unit)
	})
}

// RestartUnits stops the units in Stop and then starts those in Start. Both lists empty would be
// no step at all. With one and the same unit in both lists it is a plain restart, in which a socket
// that is not named goes on queueing connections.
type RestartUnits struct {
	Stop, Start []string
	Refresh     bool // unit files or drop-ins changed: systemd has to read them before
}

// Name is the name of the last unit, without its suffix.
func (s RestartUnits) Name() string {
	if len(s.Start) > 0 {
		return unitName(s.Start[len(s.Start)-1])
	}
	return unitName(s.Stop[len(s.Stop)-1])
}

// Summary says what is stopped, started and restarted.
func (s RestartUnits) Summary() string {
	if s.plain() {
		return phrase("restart", s.Start)
	}
	return strings.Join(nonEmpty(phrase("stop", s.Stop), phrase("start", s.Start)), "; ")
}

// plain tells whether it is the restart of one service.
func (s RestartUnits) plain() bool {
	return len(s.Stop) == 1 && len(s.Start) == 1 && s.Stop[0] == s.Start[0] && !anySocket(s.Start)
}

func (s RestartUnits) do(ctx context.Context, run *run) error {
	if s.plain() {
		return s.restart(ctx, run)
	}
	// First, because it takes time in which the old listener can still answer.
	if s.Refresh {
		if err := run.Units.DaemonReload(ctx); err != nil {
			return err
		}
	}
	if len(s.Stop) > 0 {
		if err := run.Units.Stop(ctx, s.Stop...); err != nil {
			return err
		}
	}
	down, woken := run.divided(s)
	if len(down) > 0 {
		if err := run.Units.Start(ctx, down...); err != nil {
			return err
		}
	}
	if len(woken) > 0 {
		return run.Units.Restart(ctx, woken...)
	}
	return nil
}

// divided gives the units to be started in two parts: those that are down, and the services that were down
// when the run looked, and may have come up since with what their files said before. systemd starts one that
// crashed, and a client wakes one through its socket. To start such a service would do nothing; a restart is
// the start of one that is still down. With its socket down as well nobody wakes it.
func (r *run) divided(s RestartUnits) (down, woken []string) {
	for _, u := range s.Start {
		was := r.goal.Have.Units[u]
		stopped := was.Active || slices.Contains(s.Stop, u)
		if stopped || !was.Enabled || r.goal.Want.Units[u].Started == "" || anySocket(s.Start) {
			down = append(down, u)
		} else {
			woken = append(woken, u)
		}
	}
	return down, woken
}

func (s RestartUnits) restart(ctx context.Context, run *run) error {
	if s.Refresh {
		if err := run.Units.DaemonReload(ctx); err != nil {
			return err
		}
	}
	return run.Units.Restart(ctx, s.Start...)
}

// AwaitEngine waits until the engine answers wherever it should.
type AwaitEngine struct{ state.Endpoint }

// Name is "engine answers".
func (s AwaitEngine) Name() string { return "engine answers" }

// Summary names the places where it is asked.
func (s AwaitEngine) Summary() string {
	switch {
	case len(s.Addresses) == 0:
		return "ask the engine on its unix socket"
	case s.TLS:
		return fmt.Sprintf("ask the engine on its unix socket and, over TLS, on %s", s.Endpoint)
	default:
		return fmt.Sprintf("ask the engine on its unix socket and, without TLS, on %s", s.Endpoint)
	}
}

// do remembers what the units have read as soon as the engine answers: should a container fail later,
// that is no reason to restart the engine again, or to put its files back over what a person has made of them
// in the meantime.
func (s AwaitEngine) do(ctx context.Context, run *run) error {
	if err := run.Engine.Ready(ctx, s.Endpoint); err != nil {
		return err
	}
	run.answers = true
	return run.remember(func(l *state.Ledger) {
		settleUnits(l, run.goal)
		l.Backup = nil
	})
}

// PurgeTrees deletes directory trees with all that is in them.
type PurgeTrees struct{ Paths []string }

// Name is "data".
func (s PurgeTrees) Name() string { return "data" }

// Summary names the trees.
func (s PurgeTrees) Summary() string { return phrase("delete", s.Paths) }

func (s PurgeTrees) do(_ context.Context, run *run) error {
	for _, p := range s.Paths {
		if err := run.Files.RemoveTree(p); err != nil {
			return err
		}
	}
	return nil
}

func phrase(verb string, nouns []string) string {
	if len(nouns) == 0 {
		return ""
	}
	return verb + " " + strings.Join(nouns, ", ")
}

func nonEmpty(texts ...string) []string {
	var kept []string
	for _, t := range texts {
		if t != "" {
			kept = append(kept, t)
		}
	}
	return kept
}

func unitName(unit string) string { return strings.TrimSuffix(unit, path.Ext(unit)) }
