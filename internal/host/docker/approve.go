package docker

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"docker-extension/internal/dockerd"
	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

const (
	// staged is where a configuration is while the engine looks at it: in memory, because it may hold
	// the credentials of a proxy. Its name is like that of a temporary file, so that the end of the next
	// run takes it along (files.SweepFolder), should this one be killed before it has the answer.
	stagedFolder = "/run/docker-extension"
	staged       = stagedFolder + "/.daemon.json0000"

	// approveTimeout bounds dockerd --validate and dockerd --version, which take a tenth of a second.
	approveTimeout = 30 * time.Second
)

// Approver asks the engine's program about a configuration, without starting an engine.
type Approver struct {
	Root   files.Root
	Runner command.Runner
}

// Approves gives a fault with code fault.EngineRefuses if the engine would not start with this content of the
// file at path: for what is known to keep it from starting, and in its own words for what it says when it is
// asked. An engine that is not installed approves of everything that some engine takes.
func (a Approver) Approves(ctx context.Context, path string, content []byte) error {
	if problem, hint := dockerd.Impossible(content); problem != "" {
		return refusal(path, hint, problem)
	}
	if err := a.newEnough(ctx, path, content); err != nil {
		return err
	}
	return a.ask(ctx, path, content)
}

// newEnough compares the engine's version with those that the content needs. Engines before 23.0 have no
// --validate, and --validate does not look at all values. The version is asked for only if it matters.
func (a Approver) newEnough(ctx context.Context, path string, content []byte) error {
	needs := dockerd.Needs(content)
	if len(needs) == 0 {
		return nil
	}
	// An engine that cannot tell its version gives no reason to refuse anything.
	result, _ := a.Runner.Run(ctx, command.Command{Name: "dockerd", Args: []string{"--version"}, Timeout: approveTimeout})
	version := programVersion(result.Output)
	var news []string
	for _, need := range needs {
		if dockerd.Older(version, need.Since) {
			news = append(news, need.What+" is new in Docker "+need.Since)
		}
	}
	if len(news) == 0 {
		return nil
	}
	return refusal(path, "leave it out, or take a newer engine with docker.source",
		strings.Join(news, ", ")+", and this VM has "+version)
}

// programVersion finds the version in "Docker version 20.10.24+dfsg1, build 297e128"; empty if there is none.
func programVersion(output string) string {
	if found := regexp.MustCompile(`(?m)^Docker version ([^,\s]+)`).FindStringSubmatch(output); found != nil {
		return found[1]
	}
	return ""
}

// refusal makes the fault of an engine that would not start.
func refusal(path, hint, why string) error {
	return fault.New(fault.EngineRefuses, path, hint, "the engine would not start with it: %s", why)
}

// ask has the engine's program look at the content. The flags are those of the packaged unit, because a key
// that a flag says too is refused. An engine before 23.0 has no --validate.
func (a Approver) ask(ctx context.Context, path string, content []byte) error {
	if err := a.Root.MakeDir(stagedFolder, 0o700); err != nil {
		return err
	}
	if err := a.Root.Write(staged, state.File{Exists: true, Mode: 0o600, Content: content}); err != nil {
		return err
	}
	result, err := a.Runner.Run(ctx, command.Command{
		Name:    "dockerd",
		Args:    []string{"--validate", "--config-file=" + a.Root.Path(staged), "-H", "fd://", "--containerd=/run/containerd/containerd.sock"},
		Timeout: approveTimeout,
	})
	err = errors.Join(err, a.Root.Remove(staged))
	switch {
	case err == nil, errors.Is(err, exec.ErrNotFound), strings.Contains(result.Output, "unknown flag: --validate"):
		return nil
	case result.ExitCode <= 0:
		return fault.New(fault.EngineRefuses, path, "see whether `dockerd --validate` works on this VM", "cannot ask the engine about the file: %w", err)
	}
	return refusal(path, "correct this in docker.daemon or docker.options, or in the file if it is your own; the file is as it was",
		complaint(result.Output, a.Root.Path(staged)))
}

// complaint gives the last line that is no log line, without the staged file's name and without the
// user and password of an address.
func complaint(output, file string) string {
	last := ""
	for line := range strings.Lines(output) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "time=") {
			last = line
		}
	}
	last = strings.TrimPrefix(last, "unable to configure the Docker daemon with file "+file+": ")
	last = regexp.MustCompile(`://[^/@\s]*@`).ReplaceAllString(last, "://[redacted]@")
	return strings.ReplaceAll(last, file, "daemon.json")
}
