// Package compose brings compose projects up and down. Containers are made by the compose that the
// distribution has; what they do afterwards, and how they go away again, is the engine's to say, so that
// neither needs a child process.
package compose

import (
	"context"
	"maps"
	"slices"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/docker"
	"docker-extension/internal/host/files"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// Compose works on the projects of the host at Root, each of which has File for its compose file.
type Compose struct {
	Root   files.Root
	Runner command.Runner
	Engine docker.Engine

	File        string // the compose file
	Credentials string // docker's folder with the accounts at registries

	Settled  time.Duration // 0 means DefaultSettled
	Patience time.Duration // 0 means DefaultPatience
}

// Pull fetches the image of a service, unless the engine has it. Errors are faults with code
// fault.ImagePull, in the words of whoever refused.
func (c Compose) Pull(ctx context.Context, name string, project state.Project, service string) error {
	image := project.Services[service]
	there, err := c.Engine.HasImage(ctx, image)
	if err != nil || there {
		return err
	}
	if err := c.run(ctx, name, project, "pull", service); err != nil {
		return fault.New(fault.ImagePull, "", "try `docker pull "+image+"` on the VM; a private image needs login in the protected settings",
			"cannot pull %s: %w", image, reason(err))
	}
	return nil
}

// Up makes the containers of a project what its file says, removes those of services that are not in it,
// and returns when all run steadily. Errors are faults with code fault.Compose, with the last
// lines of the services that do not run.
func (c Compose) Up(ctx context.Context, name string, project state.Project) error {
	if err := c.refuseOthers(ctx, name); err != nil {
		return err
	}
	if err := c.clearHalfMade(ctx, name); err != nil {
		return err
	}
	ran := c.run(ctx, name, project, "up", "--detach", "--remove-orphans")
	if ran == nil {
		return c.settle(ctx, name, project)
	}
	hint := "correct compose in the settings"
	words, _ := c.lastWords(context.WithoutCancel(ctx), name, project, map[string]int{})
	if words != "" {
		hint = hintLogs
	}
	return fault.New(fault.Compose, "", hint, "cannot bring up project %s: %s", name, together(reason(ran), words))
}

// Down removes the containers and the networks of a project; images and volumes stay. It asks the engine
// for what belongs to the project, so it needs neither compose nor the file. What somebody else calls by
// the same name stays, and then the networks do, too: they do not tell whose they are, the engine removes one
// that only stopped containers know, and without it those do not start again.
func (c Compose) Down(ctx context.Context, name string) error {
	ours, others, err := c.all(ctx, name)
	if err != nil {
		return err
	}
	for _, container := range ours {
		if err := c.Engine.Remove(ctx, container); err != nil {
			return fault.New(fault.Compose, "", "see journalctl -u docker.service", "cannot bring down project %s: %w", name, err)
		}
	}
	if len(others) > 0 {
		return nil
	}
	if err := c.Engine.RemoveNetworks(ctx, name); err != nil {
		return fault.New(fault.Compose, "", "see journalctl -u docker.service", "cannot bring down project %s: %w", name, err)
	}
	return nil
}

// run runs compose. Values of variables, which may be secret, go by its environment alone, and so does our
// wish for plain lines: compose 1.25 does not know --ansi, and later ones call its --no-ansi deprecated. It
// is for the old ones anyway, which colour what is no terminal, too (parallel.py in 1.25.0; from 1.28 on
// compose looks first: colors.py in 1.29.2, colors.go in 2.0). A person's own CLICOLOR wins.
func (c Compose) run(ctx context.Context, name string, project state.Project, words ...string) error {
	program := []string{"docker", "compose"}
	if !c.plugin() {
		program = []string{"docker-compose"}
	}
	args := append(program[1:], "--project-name", name, "--file", c.Root.Path(c.File))
	_, err := c.Runner.Run(ctx, command.Command{
		Name:    program[0],
		Args:    append(args, words...),
		Env:     slices.Concat([]string{"CLICOLOR=0"}, environment(project.Environment), []string{"DOCKER_CONFIG=" + c.Root.Path(c.Credentials)}),
		Timeout: remaining(ctx),
		Dir:     c.folder(),
	})
	return err
}

// plugin tells whether the client has compose as a plugin. These are the folders where it looks, apart
// from the one of its user (docker/cli's cli-plugins/manager/manager_unix.go).
func (c Compose) plugin() bool {
	return slices.ContainsFunc([]string{"/usr/local/lib", "/usr/local/libexec", "/usr/lib", "/usr/libexec"}, func(dir string) bool {
		return c.Root.Exists(dir + "/docker/cli-plugins/docker-compose")
	})
}

func environment(variables map[string]secret.Secret) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		all = append(all, name+"="+variables[name].Reveal())
	}
	return all
}

// remaining gives the time until a context's deadline, so that a child never has a shorter one.
func remaining(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0
	}
	return time.Until(deadline)
}
