package converge

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// How long the steps of a project may take; the steps say so. A large image over a slow line takes many
// minutes, the start of a container does not.
const (
	PullWithin  = 30 * time.Minute // of one image
	RaiseWithin = 10 * time.Minute // of a whole project
)

// Composer makes containers of compose projects.
type Composer interface {
	// Pull fetches the image of a service if the engine does not have it.
	Pull(ctx context.Context, name string, project state.Project, service string) error
	// Up makes the containers what the project's file says, removes those of services that are not in it,
	// and returns when they run. Volumes stay.
	Up(ctx context.Context, name string, project state.Project) error
	// Down removes a project's containers and networks. Volumes and images stay.
	Down(ctx context.Context, name string) error
}

// Registries are where images come from.
type Registries interface {
	// Prove asks the registry whether it takes the account.
	Prove(ctx context.Context, account state.Account) error
}

// accountSteps has every account proved that no registry has taken yet.
func accountSteps(want, have state.State) []Step {
	var steps []Step
	for _, server := range slices.Sorted(maps.Keys(want.Accounts)) {
		if want.Accounts[server].Digest != have.Accounts[server].Digest {
			steps = append(steps, ProveAccount{want.Accounts[server]})
		}
	}
	return steps
}

// projectSteps takes projects down before others come up: the new one may need the old one's ports.
func projectSteps(want, have state.State) []Step {
	var down, up []Step
	for _, name := range slices.Sorted(maps.Keys(want.Projects)) {
		w, h := want.Projects[name], have.Projects[name]
		switch {
		case !w.Up && h.Up:
			down = append(down, DropProject{name})
		case w.Up && (!h.Up || w.Digest != h.Digest):
			if pull := (PullImages{name, w}); len(pull.services()) > 0 {
				up = append(up, pull)
			}
			up = append(up, RaiseProject{name, w})
		}
	}
	return append(down, up...)
}

// ProveAccount asks a registry whether it takes an account.
type ProveAccount struct{ Account state.Account }

// Name is "login".
func (s ProveAccount) Name() string { return "login" }

// Summary names the registry.
func (s ProveAccount) Summary() string { return "log in to " + s.Account.Server }

func (s ProveAccount) do(ctx context.Context, run *run) error {
	if err := run.Registries.Prove(ctx, s.Account); err != nil {
		return err
	}
	return run.remember(func(l *state.Ledger) {
		entry := l.Entries[s.Account.Server]
		entry.Verified = s.Account.Digest
		l.Entries[s.Account.Server] = entry
	})
}

// PullImages fetches the images that the engine lacks, one after the other.
type PullImages struct {
	Project string
	Wanted  state.Project
}

// Name is "images".
func (s PullImages) Name() string { return "images" }

// Summary names the images.
func (s PullImages) Summary() string {
	images := make([]string, 0, len(s.Wanted.Services))
	for _, service := range s.services() {
		images = append(images, s.Wanted.Services[service])
	}
	return fmt.Sprintf("pull what is missing of %s (each within %s)", strings.Join(images, ", "), minutes(PullWithin))
}

// services gives one service for each image that is known by its name.
func (s PullImages) services() []string {
	var services []string
	seen := map[string]bool{"": true}
	for _, service := range slices.Sorted(maps.Keys(s.Wanted.Services)) {
		if image := s.Wanted.Services[service]; !seen[image] {
			seen[image] = true
			services = append(services, service)
		}
	}
	return services
}

func (s PullImages) do(ctx context.Context, run *run) error {
	services := s.services()
	for i, service := range services {
		run.say(fmt.Sprintf("%d of %d, %s", i+1, len(services), s.Wanted.Services[service]))
		if err := run.whileWanted(ctx, PullWithin, func(ctx context.Context) error {
			return run.Composer.Pull(ctx, s.Project, s.Wanted, service)
		}); err != nil {
			return err
		}
	}
	return nil
}

// RaiseProject brings a project up.
type RaiseProject struct {
	Project string
	Wanted  state.Project
}

// Name is "containers".
func (s RaiseProject) Name() string { return "containers" }

// Summary names project and services.
func (s RaiseProject) Summary() string {
	services := strings.Join(slices.Sorted(maps.Keys(s.Wanted.Services)), ", ")
	return fmt.Sprintf("bring up project %s: %s (within %s)", s.Project, services, minutes(RaiseWithin))
}

func (s RaiseProject) do(ctx context.Context, run *run) error {
	return run.whileWanted(ctx, RaiseWithin, func(ctx context.Context) error { return run.Composer.Up(ctx, s.Project, s.Wanted) })
}

// DropProject removes the containers of a project.
type DropProject struct{ Project string }

// Name is "containers".
func (s DropProject) Name() string { return "containers" }

// Summary names the project.
func (s DropProject) Summary() string {
	return "remove the containers of project " + s.Project + ", not its volumes"
}

func (s DropProject) do(ctx context.Context, run *run) error {
	return run.whileWanted(ctx, RaiseWithin, func(ctx context.Context) error { return run.Composer.Down(ctx, s.Project) })
}

// whileWanted bounds what may be cut off at any point and taken up again, as everything may that is done
// to a project: by a time limit, and by newer settings, which may be the cure for what takes so long.
func (r *run) whileWanted(ctx context.Context, limit time.Duration, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	go func() {
		select {
		case <-r.Superseded:
			cancel()
		case <-ctx.Done():
		}
	}()
	err := do(ctx)
	if r.superseded() {
		return fault.New(fault.Superseded, "", "", "stopped in the middle of a step: newer settings took over")
	}
	return err
}

func minutes(d time.Duration) string { return fmt.Sprintf("%d minutes", int(d.Minutes())) }
