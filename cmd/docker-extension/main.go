// Command docker-extension is the handler that the Azure Linux Agent calls: it makes a VM a Docker
// host, and takes that back. For persons it makes certificates, checks settings, and shows what is on a
// VM. See the README for the settings and docs/architecture.md for the rooms.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"docker-extension/cli"
	"docker-extension/cli/person"
	"docker-extension/disable"
	"docker-extension/enable"
	"docker-extension/handler"
	"docker-extension/install"
	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/host/terminal"
	"docker-extension/uninstall"
)

// version is set by the linker: make build stamps it in.
var version = "dev"

func main() {
	os.Exit(run(os.Args[1:]))
}

// run takes the agent's calls on the shortest way, and leaves everything else to the commands for
// persons. It gives the exit code.
func run(args []string) int {
	executable, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot find the running program:", err)
		return int(fault.Internal)
	}
	// Files that programs make for us, dpkg above all, have the modes that their authors meant.
	syscall.Umask(0o022)
	// The agent gives up on a verb with SIGKILL. A person, or systemd, asks first.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	agent := program{executable}
	if dir, verb, ok := agentCall(args); ok {
		// The work unit gets both, and starts in another folder.
		folder, err := filepath.Abs(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, "cannot find the folder of --root:", err)
			return int(fault.Internal)
		}
		return agent.run(ctx, files.New(folder), verb)
	}
	folder, err := os.Getwd()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot find the working directory:", err)
		return int(fault.HostFiles)
	}
	return cli.Run(ctx, &person.Person{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Width: terminal.Width(os.Stdout), ErrWidth: terminal.Width(os.Stderr),
		Getenv: os.Getenv, Folder: folder, Executable: executable, Version: version, Now: time.Now,
	}, agent.run, args)
}

// agentCall tells whether a command line is one that the agent writes, or the work unit: a verb alone,
// or after --root DIR.
func agentCall(args []string) (root, verb string, ok bool) {
	root = "/"
	switch {
	case len(args) == 3 && args[0] == "--root":
		root, args = args[1], args[2:]
	case len(args) == 2 && strings.HasPrefix(args[0], "--root="):
		root, args = strings.TrimPrefix(args[0], "--root="), args[1:]
	}
	verbs := []string{"install", "enable", "disable", "update", "uninstall", enable.WorkVerb}
	if len(args) != 1 || !slices.Contains(verbs, args[0]) {
		return "", "", false
	}
	return root, args[0], true
}

// program is this program as the agent calls it.
type program struct{ executable string }

// run runs a verb on the host below root, and gives the exit code.
func (p program) run(ctx context.Context, root files.Root, verb string) int {
	executable := root.Below(p.executable)
	on := enable.Enable{Root: root, Executable: executable, Now: time.Now}
	if verb == enable.WorkVerb {
		return on.Work(ctx, os.Stderr)
	}
	return handler.Handler{
		Root:       root,
		Executable: executable,
		Version:    version,
		Getenv:     os.Getenv,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		Now:        time.Now,
		Verbs: map[string]handler.Verb{
			"install":   install.Install{Root: root}.Run,
			"update":    install.Update{Root: root}.Run,
			"enable":    on.Run,
			"disable":   disable.Disable{Root: root}.Run,
			"uninstall": uninstall.Uninstall{Root: root}.Run,
		},
	}.Run(ctx, verb)
}
