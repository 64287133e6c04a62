package compose

import (
	"context"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/docker"
)

// clearHalfMade removes what a compose that was cut off in the middle of a replacement would trip over: the
// container that it had made, and not yet started, beside the one that it replaces. It holds nothing: its
// anonymous volumes are the other's, and stay. Compose wants to make it again, and fails at its name.
func (c Compose) clearHalfMade(ctx context.Context, name string) error {
	containers, err := c.containers(ctx, name)
	if err != nil {
		return err
	}
	for _, container := range containers {
		if !halfMade(container, containers) {
			continue
		}
		if err := c.Engine.Remove(ctx, container); err != nil {
			return fault.New(fault.Compose, "", "see journalctl -u docker.service",
				"cannot remove %s, which an interrupted run left: %w", container.Name, err)
		}
	}
	return nil
}

// halfMade knows the name that a container has until the one that it replaces is gone: the first twelve
// digits of that one, and the name that both are for (recreateContainer in docker/compose's
// pkg/compose/convergence.go). Without the other it is the only one of its service, and stays: then it may
// be the last that knows a volume. Older versions of compose call the one that is replaced by its own
// digits.
func halfMade(c docker.Container, all []docker.Container) bool {
	const digits = 12
	id, _, ok := strings.Cut(c.Name, "_")
	return ok && len(id) == digits && c.State == "created" && slices.ContainsFunc(all, func(other docker.Container) bool {
		return other.ID != c.ID && other.Service == c.Service && strings.HasPrefix(other.ID, id)
	})
}
