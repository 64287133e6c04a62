package compose

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/docker"
	"docker-extension/internal/state"
)

// Bounds that hold unless the Compose says otherwise.
const (
	// DefaultSettled is how long all services have to run at a stretch before a project counts as up: one
	// that cannot work with its configuration says so within its first seconds, most often.
	DefaultSettled = 3 * time.Second
	// DefaultPatience is how long a service may end and be started again by its restart policy, as one
	// does that cannot reach its database before that is ready.
	DefaultPatience = time.Minute
)

const (
	// lookAgain is how often the engine is asked in that time.
	lookAgain = 500 * time.Millisecond

	cannotStart = "cannot start: "

	lastLines = 5 // of a service that does not run, in the status
	hintLogs  = "see `docker ps -a` and `docker logs` on the VM, then correct compose in the settings"
)

// settle waits until the project runs steadily, and tells which services do not.
func (c Compose) settle(ctx context.Context, name string, project state.Project) error {
	tick := time.NewTicker(min(lookAgain, cmp.Or(c.Settled, DefaultSettled)))
	defer tick.Stop()
	start, quiet := time.Now(), time.Now()
	for restarts := (map[string]int{}); ; {
		words, final := c.lastWords(ctx, name, project, restarts)
		now := time.Now()
		switch {
		case final, words != "" && now.Sub(start) > cmp.Or(c.Patience, DefaultPatience):
			return fault.New(fault.Compose, "", hintLogs, "project %s does not stay up: %s", name, words)
		case words != "":
			quiet = now
		case now.Sub(quiet) >= cmp.Or(c.Settled, DefaultSettled):
			return c.complete(ctx, name, project)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fault.New(fault.Compose, "", hintLogs, "cannot bring up project %s: %w", name, ctx.Err())
		}
	}
}

// complete wants a container of every service.
func (c Compose) complete(ctx context.Context, name string, project state.Project) error {
	containers, err := c.containers(ctx, name)
	if err != nil {
		return err
	}
	for service := range project.Services {
		if !slices.ContainsFunc(containers, func(c docker.Container) bool { return c.Service == service }) {
			return fault.New(fault.Compose, "", hintLogs, "project %s does not stay up: there is no container of %s", name, service)
		}
	}
	return nil
}

// lastWords says in one line which services do not run and what they printed last; "" if all do, or the
// engine does not tell. It is final if one of them will not be started again. restarts has how often each
// container had been started again when it was last looked at, and is kept up to date.
func (c Compose) lastWords(ctx context.Context, name string, project state.Project, restarts map[string]int) (words string, final bool) {
	containers, err := c.containers(ctx, name)
	if err != nil {
		return "", false
	}
	var all []string
	for _, container := range containers {
		if _, ours := project.Services[container.Service]; !ours {
			continue
		}
		container, err := c.Engine.Look(ctx, container)
		before, known := restarts[container.ID]
		if restarts[container.ID] = container.Restarts; !known {
			before = container.Restarts
		}
		if how, over := failure(container, before); err == nil && how != "" {
			all = append(all, c.obituary(ctx, container, how))
			final = final || over
		}
	}
	return strings.Join(all, "; "), final
}

func (c Compose) obituary(ctx context.Context, container docker.Container, how string) string {
	line := fmt.Sprintf("service %s %s", container.Service, how)
	if lines := c.Engine.LastLines(ctx, container, lastLines); lines != "" {
		line += "; its last lines: " + lines
	}
	return line
}

// failure says how a container failed, given how often it had been started again before, and whether that
// is all over; "" if it runs, or has done its work.
func failure(c docker.Container, restarts int) (how string, over bool) {
	switch {
	case c.State == "restarting" || c.State == "running" && c.Restarts > restarts:
		return fmt.Sprintf("ends again and again, with exit code %d", c.ExitCode), false
	case c.State == "running":
		return "", false
	case c.Error != "":
		return cannotStart + c.Error, true
	case c.State == "exited" && c.ExitCode != 0, c.State == "dead":
		return fmt.Sprintf("ended with exit code %d", c.ExitCode), true
	}
	return "", false
}

// Observe gives the containers of a project as they are now.
func (c Compose) Observe(ctx context.Context, name string) ([]state.Container, error) {
	containers, err := c.containers(ctx, name)
	if err != nil {
		return nil, err
	}
	seen := make([]state.Container, 0, len(containers))
	for _, container := range containers {
		running := container.State == "running" || container.State == "paused"
		if !running {
			if container, err = c.Engine.Look(ctx, container); err != nil {
				return nil, err
			}
		}
		seen = append(seen, state.Container{
			Service: container.Service, Running: running,
			Ended: container.State == "exited" && container.ExitCode == 0 && container.Error == "",
		})
	}
	return seen, nil
}
