package compose

import (
	"context"
	"path"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/docker"
)

// containers gives the containers of a project that were made from our file, or by a compose that does not
// tell from which. The name of a project is no proof of whose it is: compose calls one after its folder, so
// that every ~/compose of a person is a project compose. Those of `compose run` are no service's.
func (c Compose) containers(ctx context.Context, name string) (ours []docker.Container, err error) {
	ours, _, err = c.all(ctx, name)
	return ours, err
}

func (c Compose) all(ctx context.Context, name string) (ours, others []docker.Container, err error) {
	all, err := c.Engine.Containers(ctx, name)
	for _, container := range all {
		switch {
		case container.Folder != "" && container.Folder != c.folder():
			others = append(others, container)
		case !container.OneOff:
			ours = append(ours, container)
		}
	}
	return ours, others, err
}

// refuseOthers is an error if somebody else has a project of this name: compose would take his containers
// for services that are no longer in the file, those of his `compose run` with them (create in docker/compose's
// pkg/compose/create.go looks at both).
func (c Compose) refuseOthers(ctx context.Context, name string) error {
	_, others, err := c.all(ctx, name)
	if err != nil || len(others) == 0 {
		return err
	}
	return fault.New(fault.Compose, "", "give the project of the settings another name, by COMPOSE_PROJECT_NAME in publicSettings.compose-environment",
		"cannot bring up project %s: container %s was made from the compose file in %s, and its project has the same name", name, others[0].Name, others[0].Folder)
}

// folder is where our compose file is.
func (c Compose) folder() string { return c.Root.Path(path.Dir(c.File)) }
