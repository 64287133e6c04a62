package converge

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"docker-extension/internal/lists"
	"docker-extension/internal/state"
)

// request is what the package manager has to be asked for.
type request struct{ state.Installation }

// installation gives the request of a goal; no packages if there is none. When the choice has changed, the
// packages that are there already are asked for as well: another repository may have other versions of
// them. Those that are to go do so in the same transaction, because one may be in the other's way.
func installation(goal state.Goal) request {
	want, have := goal.Want, goal.Have
	rechosen := want.Choice != have.Choice
	names := selectKeys(want.Packages, func(name string, p state.Package) bool {
		return p.Installed && (!have.Packages[name].Installed || rechosen)
	})
	r := request{state.Installation{
		Packages: names,
		Pinned:   slices.DeleteFunc(slices.Clone(goal.Pinned), func(name string) bool { return !slices.Contains(names, name) }),
		Version:  want.Choice.Version,
		Careful:  want.Choice.Origin != "",
		Proxy:    goal.Proxy,
	}}
	if len(names) > 0 {
		r.Instead = unwanted(goal)
		r.Careful = r.Careful || len(r.Instead) > 0
	}
	return r
}

func installs(goal state.Goal) bool { return len(installation(goal).Packages) > 0 }

// steps lead to an engine that is installed and has its configuration.
func (r request) steps(goal state.Goal) []Step {
	return slices.Concat(
		sourceSteps(goal),
		fileSteps(goal, now),
		r.releaseSteps(goal),
		r.installSteps(goal),
		r.holdSteps(goal),
	)
}

// sourceSteps come first: a repository that cannot be used is known before anything is changed.
func sourceSteps(goal state.Goal) []Step {
	if goal.Want.Source == (state.Repository{}) || goal.Want.Source == goal.Have.Source {
		return fileSteps(goal, source)
	}
	return append([]Step{AddRepository{goal.Want.Source, goal.Proxy}}, fileSteps(goal, source)...)
}

// installSteps installs. An engine that comes with the packages does not start before it has approved of
// the file that was laid for it.
func (r request) installSteps(goal state.Goal) []Step {
	switch {
	case len(r.Packages) == 0:
		return nil
	case goal.Want.Files[goal.Check.Path].Exists && comes(goal):
		return []Step{InstallPackages{r.Installation, goal.Check.Units}, approval(goal, true)}
	default:
		return []Step{InstallPackages{Installation: r.Installation}}
	}
}

// releaseSteps lets go of the packages that are not to be held, and of those that have to be changed
// first.
func (r request) releaseSteps(goal state.Goal) []Step {
	released := selectKeys(goal.Want.Packages, func(name string, p state.Package) bool {
		return goal.Have.Packages[name].Held && (!p.Held || slices.Contains(r.Packages, name))
	})
	if len(released) == 0 {
		return nil
	}
	return []Step{HoldPackages{released, false}}
}

func (r request) holdSteps(goal state.Goal) []Step {
	held := selectKeys(goal.Want.Packages, func(name string, p state.Package) bool {
		return p.Held && (!goal.Have.Packages[name].Held || slices.Contains(r.Packages, name))
	})
	if len(held) == 0 {
		return nil
	}
	return []Step{HoldPackages{held, true}}
}

// removeSteps removes what has to go and did not go with an installation.
func removeSteps(goal state.Goal) []Step {
	if len(goal.Orphans) > 0 {
		return []Step{RemovePackages{goal.Orphans, true}}
	}
	names := lists.Without(unwanted(goal), installation(goal).Instead)
	if len(names) == 0 {
		return nil
	}
	return []Step{RemovePackages{Packages: names}}
}

// possible gives a goal in which the packages that have to go are those that can: what another package
// needs stays, and what came along and is needed by none that stays goes too. What an installation brings may
// need what is there: then it is seen afterwards what is left over.
func (c Converger) possible(goal state.Goal) (state.Goal, error) {
	asked := unwanted(goal)
	if len(asked) == 0 {
		return goal, nil
	}
	removable, err := c.Packages.Removable(lists.Union(asked, goal.Along))
	if err != nil {
		return state.Goal{}, err
	}
	if installs(goal) {
		goal.Orphans = lists.Without(removable, asked)
		return goal, nil
	}
	packages := maps.Clone(goal.Want.Packages)
	for _, name := range asked {
		if packages[name] = (state.Package{Installed: true}); !goal.Have.Packages[name].Installed {
			delete(packages, name)
		}
	}
	for _, name := range removable {
		packages[name] = state.Package{}
	}
	goal.Want.Packages = packages
	return goal, nil
}

// unwanted gives the packages that have to go.
func unwanted(goal state.Goal) []string {
	return selectKeys(goal.Want.Packages, func(name string, p state.Package) bool {
		return !p.Installed && (goal.Have.Packages[name].Installed || goal.Have.Packages[name].Half)
	})
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
	fetched := state.Fetched{}
	if s.Key.Text == "" && s.Key.Fingerprint == "" { // otherwise the settings say which key it has to be
		fetched = state.Fetched{Address: s.Key.Address, Fingerprints: fingerprints}
	}
	return run.remember(func(l *state.Ledger) { l.Fetched = fetched })
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
	HoldBack []string // units that the packages bring and that are not to start yet
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
	if err := run.parting(s.Instead); err != nil {
		return err
	}
	if err := run.expecting(); err != nil {
		return err
	}
	if err := run.Units.HoldBack(s.HoldBack...); err != nil {
		return err
	}
	err := run.Packages.Install(ctx, s.Installation)
	err = errors.Join(err, run.Units.Release(s.HoldBack...))
	// What came is remembered even after a failure: apt may have stopped half-way.
	if saved := run.arrived(); err == nil {
		err = saved
	}
	return err
}

// expecting remembers what is there before an installation. What comes along is known only afterwards, and a run
// that is killed before it has noted that leaves the next one to compare. It is as late as it can be: what somebody
// else installs until then is not ours.
func (r *run) expecting() error {
	if len(r.ledger.Before) > 0 {
		return nil
	}
	present, err := r.Packages.Present()
	if err != nil {
		return err
	}
	return r.remember(func(l *state.Ledger) { l.Before = present })
}

// arrived remembers what came with an installation. Where that cannot be told, it is left to the next run.
func (r *run) arrived() error {
	present, err := r.Packages.Present()
	if err != nil {
		return err
	}
	return r.remember(func(l *state.Ledger) { l.Debs, l.Before = lists.Union(l.Debs, lists.Without(present, l.Before)), nil })
}

func version(what state.Installation) string {
	if what.Version == "" {
		return ""
	}
	return " at version " + what.Version
}

// RemovePackages removes packages and leaves their configuration and data.
type RemovePackages struct {
	Packages []string
	Unneeded bool // only those that nothing needs by then
}

// Name is "packages".
func (s RemovePackages) Name() string { return "packages" }

// Summary names the packages.
func (s RemovePackages) Summary() string {
	if s.Unneeded {
		return phrase("remove if nothing needs it:", s.Packages)
	}
	return phrase("remove", s.Packages)
}

func (s RemovePackages) do(ctx context.Context, run *run) error {
	asked := run.ledger.Asked
	if err := run.parting(s.Packages); err != nil {
		return err
	}
	removed, err := run.Packages.Remove(ctx, s.Packages)
	if err != nil {
		return err
	}
	return run.remember(func(l *state.Ledger) {
		l.Debs, l.Asked = lists.Without(l.Debs, removed), lists.Without(asked, removed)
	})
}

// parting remembers which packages are about to be removed. apt forgets their marks before dpkg has removed
// them: should the run be cut off in between, they look as if somebody had asked for them, and it was us.
func (r *run) parting(packages []string) error {
	ours := lists.Shared(packages, r.ledger.Debs)
	if len(lists.Without(ours, r.ledger.Asked)) == 0 {
		return nil
	}
	return r.remember(func(l *state.Ledger) { l.Asked = lists.Union(l.Asked, ours) })
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
