package converge

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

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
	for _, p := range s.Paths {
		if err := run.Files.Write(p, s.Files[p]); err != nil {
			return err
		}
	}
	return nil
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

// InstallPackages installs packages together with what they depend on.
type InstallPackages struct {
	Packages []string
	HoldBack []string // units that the packages bring and that are not to start yet
}

// Name is "packages".
func (s InstallPackages) Name() string { return "packages" }

// Summary names the packages.
func (s InstallPackages) Summary() string { return phrase("install", s.Packages) }

func (s InstallPackages) do(ctx context.Context, run *run) error {
	if err := run.Units.HoldBack(s.HoldBack...); err != nil {
		return err
	}
	added, err := run.Packages.Install(ctx, s.Packages)
	err = errors.Join(err, run.Units.Release(s.HoldBack...))
	// What came is remembered even after a failure: apt may have stopped half-way.
	if saved := run.remember(func(l *state.Ledger) { l.Debs = union(l.Debs, added) }); err == nil {
		err = saved
	}
	return err
}

// RemovePackages removes packages and leaves their configuration and data.
type RemovePackages struct{ Packages []string }

// Name is "packages".
func (s RemovePackages) Name() string { return "packages" }

// Summary names the packages.
func (s RemovePackages) Summary() string { return phrase("remove", s.Packages) }

func (s RemovePackages) do(ctx context.Context, run *run) error {
	_, err := run.Packages.Remove(ctx, s.Packages)
	return err
}

// HoldPackages pins packages at their version, or lets them go.
type HoldPackages struct {
	Packages []string
	Held     bool
}

// Name is "hold".
func (s HoldPackages) Name() string { return "hold" }

// Summary names the packages.
func (s HoldPackages) Summary() string {
	if s.Held {
		return phrase("hold", s.Packages)
	}
	return phrase("release", s.Packages)
}

func (s HoldPackages) do(ctx context.Context, run *run) error {
	if s.Held {
		return run.Packages.Hold(ctx, s.Packages)
	}
	return run.Packages.Unhold(ctx, s.Packages)
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

func (s ReloadUnit) do(ctx context.Context, run *run) error {
	return run.Units.ReloadUnit(ctx, s.Unit)
}

// RestartUnits stops the units in Stop and then starts those in Start. Both lists empty would be
// no step at all. With one and the same unit in both lists it is a plain restart, in which a socket
// that is not named goes on queueing connections.
type RestartUnits struct {
	Stop, Start []string
	Refresh     bool // unit files or drop-ins changed: systemd has to read them in between
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

func (s RestartUnits) plain() bool {
	return !s.Refresh && len(s.Stop) == 1 && len(s.Start) == 1 && s.Stop[0] == s.Start[0]
}

func (s RestartUnits) do(ctx context.Context, run *run) error {
	if s.plain() {
		return run.Units.Restart(ctx, s.Start...)
	}
	if len(s.Stop) > 0 {
		if err := run.Units.Stop(ctx, s.Stop...); err != nil {
			return err
		}
	}
	if s.Refresh {
		if err := run.Units.DaemonReload(ctx); err != nil {
			return err
		}
	}
	if len(s.Start) > 0 {
		return run.Units.Start(ctx, s.Start...)
	}
	return nil
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
// that is no reason to restart the engine again.
func (s AwaitEngine) do(ctx context.Context, run *run) error {
	if err := run.Engine.Ready(ctx, s.Endpoint); err != nil {
		return err
	}
	return run.remember(func(l *state.Ledger) { settleUnits(l, run.goal) })
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
