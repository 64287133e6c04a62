// Harness plays the Azure Linux Agent by hand: against a disposable VM, or against a root folder on
// this host. Run it with --help.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/view"
)

const usage = `harness plays the Azure Linux Agent for an extension zip.

usage: go run ./test/harness COMMAND (--vm VM | --root DIR) [flags]

commands:
  enable     give the extension new settings; installs the zip first, or updates to it
  again      apply the same goal once more, as the agent does after any change in the goal state
  update     bring the extension to another version, newer or older, with the settings that it has
  disable    disable the extension
  uninstall  disable and uninstall the extension and remove its folder
  restart    play a start of the agent
  reboot     reboot the VM, then start the agent
  status     show what the agent reports
  clean      remove VMs that were kept or left behind (no flags)

flags:
`

// flags is the command line after the command.
type flags struct {
	vm, root, name, zip, public, protected, cipher string
	timeout                                        time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "harness:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string, out *os.File) error {
	f, set := parser(out)
	if len(arguments) == 0 || arguments[0] == "help" || arguments[0][0] == '-' {
		set.Usage()
		return nil
	}
	if err := set.Parse(arguments[1:]); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return fmt.Errorf("what is %q? All that follows the command is flags", set.Arg(0))
	}
	if arguments[0] == "clean" {
		return clean(ctx, out)
	}
	command, ok := commands()[arguments[0]]
	if !ok {
		return fmt.Errorf("there is no command %q; --help lists them", arguments[0])
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	machine, err := choose(ctx, *f, out)
	if err != nil {
		return err
	}
	a, err := agent.New(machine, agent.Options{Name: f.name, Log: out})
	if err != nil {
		return err
	}
	return command(ctx, play{Agent: a, flags: *f, out: out, live: view.NewLive(out)})
}

func parser(out io.Writer) (*flags, *flag.FlagSet) {
	f, set := &flags{}, flag.NewFlagSet("harness", flag.ContinueOnError)
	set.SetOutput(out)
	set.StringVar(&f.vm, "vm", "", "a `VM`: its name, or a suite (bookworm, trixie) for one that is booted if need be and kept")
	set.StringVar(&f.root, "root", "", "a `folder` that stands for / ; the commands run on this host")
	set.StringVar(&f.name, "name", agent.DefaultName, "the handler's `name`")
	set.StringVar(&f.zip, "zip", "", "the extension `file`, whose name ends in its version: x-1.2.3.zip")
	set.StringVar(&f.public, "public", "", "a `file` with the public settings, JSON")
	set.StringVar(&f.protected, "protected", "", "a `file` with the protected settings, JSON; they are encrypted as Azure does")
	set.StringVar(&f.cipher, "cipher", "des3", "how: des3, aes128, aes192 or aes256")
	set.DurationVar(&f.timeout, "timeout", 20*time.Minute, "how long to wait for the end of it all")
	set.Usage = func() {
		fmt.Fprint(out, usage)
		set.PrintDefaults()
	}
	return f, set
}
