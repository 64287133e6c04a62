package docker

import (
	"context"
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"time"

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

	// approveTimeout bounds dockerd --validate, which takes a tenth of a second.
	approveTimeout = 30 * time.Second
)

// Approver asks the engine's program about a configuration, without starting an engine.
type Approver struct {
	Root   files.Root
	Runner command.Runner
}

// Approves gives a fault with code fault.EngineRefuses and the engine's own words if it would not start
// with this content of the file at path. The flags are those of the packaged unit, because a key that a
// flag says too is refused. An engine that is not installed, or is older than 23.0 and has no --validate,
// approves of everything.
func (a Approver) Approves(ctx context.Context, path string, content []byte) error {
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
	return fault.New(fault.EngineRefuses, path, "correct this in docker.daemon or docker.options, or in the file if it is your own; the file is as it was",
		"the engine would not start with it: %s", complaint(result.Output, a.Root.Path(staged)))
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
