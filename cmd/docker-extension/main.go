// Command docker-extension is the handler that the Azure Linux Agent calls: it makes a VM a Docker
// host, and takes that back. See the README for the settings and docs/architecture.md for the rooms.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"docker-extension/disable"
	"docker-extension/enable"
	"docker-extension/handler"
	"docker-extension/install"
	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/settings"
	"docker-extension/uninstall"
)

// version is set by the linker: make build stamps it in.
var version = "dev"

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run parses the command line, wires everything and calls the verb. It gives the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("docker-extension", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() { usage(stderr) }
	dir := flags.String("root", "/", "")
	if err := flags.Parse(args); err != nil {
		return int(fault.Usage)
	}
	executable, err := os.Executable()
	if err != nil {
		fmt.Fprintln(stderr, "cannot find the running program:", err)
		return int(fault.Internal)
	}
	// The agent gives up on a verb with SIGKILL. A person, or systemd, asks first.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	// The work unit gets both, and starts in another folder.
	folder, err := filepath.Abs(*dir)
	if err != nil {
		fmt.Fprintln(stderr, "cannot find the folder of --root:", err)
		return int(fault.Internal)
	}
	root := files.New(folder)
	executable = root.Below(executable)
	on := enable.Enable{Root: root, Executable: executable, Now: time.Now}
	switch operation := flags.Arg(0); {
	case operation == "schema":
		return schema(flags.Args()[1:], stdout, stderr)
	case flags.NArg() != 1:
		usage(stderr)
		return int(fault.Usage)
	case operation == "version":
		fmt.Fprintln(stdout, "docker-extension", version)
		return 0
	case operation == "help":
		usage(stdout)
		return 0
	case operation == enable.WorkVerb:
		return on.Work(ctx, stderr)
	default:
		return handler.Handler{
			Root:       root,
			Executable: executable,
			Version:    version,
			Getenv:     os.Getenv,
			Stdout:     stdout,
			Stderr:     stderr,
			Now:        time.Now,
			Verbs: map[string]handler.Verb{
				"install":   install.Install{Root: root}.Run,
				"update":    install.Update{Root: root}.Run,
				"enable":    on.Run,
				"disable":   disable.Disable{Root: root}.Run,
				"uninstall": uninstall.Uninstall{Root: root}.Run,
			},
		}.Run(ctx, operation)
	}
}

// schema prints the JSON Schema of the public settings, or of the part that is named.
func schema(args []string, stdout, stderr io.Writer) int {
	switch strings.Join(args, " ") {
	case "", "public":
		fmt.Fprint(stdout, settings.PublicSchema())
	case "protected":
		fmt.Fprint(stdout, settings.ProtectedSchema())
	default:
		usage(stderr)
		return int(fault.Usage)
	}
	return 0
}

func usage(out io.Writer) {
	fmt.Fprint(out, `docker-extension makes a Linux VM on Azure a Docker host.

usage: docker-extension [--root DIR] VERB

verbs that the Azure Linux Agent calls, in a folder with HandlerEnvironment.json:
  install    look whether this operating system is supported
  enable     bring the engine to what the settings say, and report
  disable    stop the engine and its containers
  update     prepare for the version that comes, or the one that leaves
  uninstall  remove what the extension put here, and keep images, containers and volumes

verbs for people:
  version    print the version
  help       print this
  schema [public|protected]
             print the JSON Schema of the settings

  --root DIR work on the host below DIR instead of /; programs, this one too, are taken from there
`)
}
