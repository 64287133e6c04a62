package converge

import (
	"context"
	"slices"
	"strings"

	"docker-extension/internal/state"
)

// installation gives what the package manager has to be asked for; no packages if nothing. When the
// choice has changed, the packages that are there already are asked for as well: another repository
// may have other versions of them.
func installation(goal state.Goal) state.Installation {
	want, have := goal.Want, goal.Have
	names := selectKeys(want.Packages, func(name string, p state.Package) bool {
		return p.Installed && (!have.Packages[name].Installed || want.Choice != have.Choice)
	})
	return state.Installation{
		Packages: names,
		Pinned:   slices.DeleteFunc(slices.Clone(goal.Pinned), func(name string) bool { return !slices.Contains(names, name) }),
		Version:  want.Choice.Version,
		Careful:  want.Choice.Origin != "",
		Proxy:    goal.Proxy,
	}
}

func installs(goal state.Goal) bool { return len(installation(goal).Packages) > 0 }

func installSteps(goal state.Goal) []Step {
	if !installs(goal) {
		return nil
	}
	return []Step{InstallPackages{Installation: installation(goal)}}
}

// releaseSteps lets go of the packages that are not to be held, and of those that have to be changed
// first.
func releaseSteps(goal state.Goal) []Step {
	changed := installation(goal).Packages
	released := selectKeys(goal.Want.Packages, func(name string, p state.Package) bool {
		return goal.Have.Packages[name].Held && (!p.Held || slices.Contains(changed, name))
	})
	if len(released) == 0 {
		return nil
	}
	return []Step{HoldPackages{released, false}}
}

func holdSteps(goal state.Goal) []Step {
	changed := installation(goal).Packages
	held := selectKeys(goal.Want.Packages, func(name string, p state.Package) bool {
		return p.Held && (!goal.Have.Packages[name].Held || slices.Contains(changed, name))
	})
	if len(held) == 0 {
		return nil
	}
	return []Step{HoldPackages{held, true}}
}

// unwanted gives the packages that have to go.
func unwanted(goal state.Goal) []string {
	return selectKeys(goal.Want.Packages, func(name string, p state.Package) bool {
		return !p.Installed && goal.Have.Packages[name].Installed
	})
}

// move is the way from one engine to another. Everything is downloaded before anything stops, so that
// a repository that fails in the middle leaves the old engine running. The packages then change in
// one transaction, while no container runs.
type move struct {
	state.Goal
	what state.Installation
}

// moveOf tells whether the engine has to be replaced by another one.
func moveOf(goal state.Goal) (move, bool) {
	what := installation(goal)
	what.Instead, what.Careful = unwanted(goal), true
	if len(what.Packages) == 0 || len(what.Instead) == 0 {
		return move{}, false
	}
	return move{goal, what}, true
}

func (m move) steps() []Step {
	after, stop := m.Goal, []string(nil)
	if m.replacesEngine() {
		// Nothing of the old units is left by the time that the new ones are looked after.
		after.Have.Units, stop = map[string]state.Unit{}, m.active()
	}
	fetched := m.what
	fetched.Fetched = true
	return slices.Concat(
		sourceSteps(m.Goal),
		m.fileSteps(false),
		releaseSteps(m.Goal),
		[]Step{FetchPackages{m.what}},
		m.stopSteps(stop),
		m.fileSteps(true),
		[]Step{InstallPackages{fetched, stop}},
		holdSteps(m.Goal),
		memberSteps(m.Want, m.Have),
		unitSteps(after),
		purgeSteps(m.Want, m.Have),
	)
}

// replacesEngine tells whether the engine itself is another one afterwards, not just what is around it.
func (m move) replacesEngine() bool {
	return len(m.Goal.Pinned) > 0 && !m.Have.Packages[m.Goal.Pinned[0]].Installed
}

// active gives the units that run now.
func (m move) active() []string {
	return socketsFirst(selectKeys(m.Have.Units, func(_ string, u state.Unit) bool { return u.Active }))
}

// fileSteps writes the files that change for the parting, or the others.
func (m move) fileSteps(parting bool) []Step {
	want, have := m.Want, m.Have
	want.Files, have.Files = map[string]state.File{}, map[string]state.File{}
	for p, f := range m.Want.Files {
		between, parts := m.Parting[p]
		if parts != parting {
			continue
		}
		want.Files[p], have.Files[p] = f, m.Have.Files[p]
		if parts {
			have.Files[p] = between
		}
	}
	return fileSteps(want, have)
}

// stopSteps tells the engine to stop together with its containers.
func (m move) stopSteps(units []string) []Step {
	if len(units) == 0 {
		return nil
	}
	var steps []Step
	if len(m.Parting) > 0 {
		steps = fileSteps(state.State{Files: m.Parting}, m.Have)
		for _, unit := range units {
			if _, socket := serviceOf(unit); !socket {
				steps = append(steps, ReloadUnit{unit})
			}
		}
	}
	return append(steps, RestartUnits{Stop: units})
}

// AddRepository makes a package repository known to apt.
type AddRepository struct {
	state.Repository
	Proxy state.Proxy
}

// Name is "source".
func (s AddRepository) Name() string { return "source" }

// Summary names the files.
func (s AddRepository) Summary() string {
	files := []string{s.File}
	if s.Keyring != "" {
		files = append(files, s.Keyring)
	}
	return phrase("try the repository and write", files)
}

func (s AddRepository) do(ctx context.Context, run *run) error {
	fingerprints, err := run.Sources.Add(ctx, s.Repository, s.Proxy)
	if err != nil {
		return err
	}
	return run.remember(func(l *state.Ledger) {
		l.Key = state.Fetched{Address: s.Key.Address, Fingerprints: fingerprints}
	})
}

// FetchPackages downloads packages.
type FetchPackages struct{ state.Installation }

// Name is "packages".
func (s FetchPackages) Name() string { return "packages" }

// Summary names the packages.
func (s FetchPackages) Summary() string {
	return phrase("download", s.Packages) + version(s.Installation)
}

func (s FetchPackages) do(ctx context.Context, run *run) error {
	return run.Packages.Fetch(ctx, s.Installation)
}

// InstallPackages installs packages together with what they depend on.
type InstallPackages struct {
	state.Installation
	// Resume are the units to start again if it fails: they were stopped for it.
	Resume []string
}

// Name is "packages".
func (s InstallPackages) Name() string { return "packages" }

// Summary names the packages, those that go, and the version if there is a wanted one.
func (s InstallPackages) Summary() string {
	text := phrase("install", s.Packages) + version(s.Installation)
	if len(s.Instead) > 0 {
		text += " in place of " + strings.Join(s.Instead, ", ")
	}
	return text
}

func (s InstallPackages) do(ctx context.Context, run *run) error {
	added, err := run.Packages.Install(ctx, s.Installation)
	if err != nil && len(s.Resume) > 0 {
		// Whether the old engine is still there nobody knows; the error that counts is the first.
		_ = run.Units.Start(ctx, s.Resume...)
	}
	// What came is remembered even after a failure: apt may have stopped half-way.
	if saved := run.remember(func(l *state.Ledger) { l.Debs = union(l.Debs, added) }); err == nil {
		err = saved
	}
	return err
}

func version(what state.Installation) string {
	if what.Version == "" {
		return ""
	}
	return " at version " + what.Version
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
