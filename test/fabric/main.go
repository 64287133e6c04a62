// Fabric plays an Azure fabric for the real Azure Linux Agent in a disposable VM, by hand. Run it with
// --help.
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

	"docker-extension/test/fabric/control"
	"docker-extension/test/harness/agent"
)

const usage = `fabric plays an Azure fabric for the real Azure Linux Agent in a disposable VM.

usage: go run ./test/fabric COMMAND --vm NAME [flags]

  serve      answer the agent of the VM until interrupted; configures and starts it
  publish    make a package available: --zip FILE
  set        change an extension in the goal state: --version, --state, --public,
             --protected, --level, --depends-on, --fast. Settings that are given
             get the next sequence number; what is not given stays as it is
  drop       leave an extension out of the goal state (no uninstall: --state uninstall)
  next       raise the incarnation and change nothing
  fault      go wrong: --package 404|500|slow|truncated, --delay, --lose-status; none to stop
  vmsettings offer vmSettings, so that set --fast works; --off to stop. The agent asks at its start
  wait       follow the uploaded status until every extension is at an end
  show       the goal state and the newest uploaded status

A VM:        go run ./test/vm/cmd/vm boot trixie
A first use: fabric serve --vm trixie-1 &
             fabric publish --vm trixie-1 --zip dist/docker-extension-1.0.0.zip
             fabric set     --vm trixie-1 --version 1.0.0 --public settings.json
             fabric wait    --vm trixie-1

flags:
`

// flags is the command line after the command.
type flags struct {
	vm, name, zip, version, state, public, protected, dependsOn, fault string
	level                                                              int
	fast, loseStatus, off                                              bool
	delay, timeout                                                     time.Duration
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "fabric:", err)
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
	command, known := commands()[arguments[0]]
	switch {
	case !known:
		return fmt.Errorf("there is no command %q; --help lists them", arguments[0])
	case set.NArg() > 0:
		return fmt.Errorf("what is %q? All that follows the command is flags", set.Arg(0))
	case f.vm == "":
		return errors.New("say which VM: --vm NAME")
	}
	if arguments[0] != "serve" {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.timeout)
		defer cancel()
	}
	return command(ctx, play{Client: control.Dial(control.Socket(f.vm)), flags: *f, out: out})
}

func parser(out io.Writer) (*flags, *flag.FlagSet) {
	f, set := &flags{}, flag.NewFlagSet("fabric", flag.ContinueOnError)
	set.SetOutput(out)
	set.StringVar(&f.vm, "vm", "", "the `name` of a running VM")
	set.StringVar(&f.name, "name", agent.DefaultName, "the extension's `name`")
	set.StringVar(&f.zip, "zip", "", "the package's `file`, whose name ends in its version unless --version is given")
	set.StringVar(&f.version, "version", "", "the extension's `version`")
	set.StringVar(&f.state, "state", "", "the `state` that is wanted: enabled, disabled or uninstall")
	set.StringVar(&f.public, "public", "", "a `file` with the public settings, JSON")
	set.StringVar(&f.protected, "protected", "", "a `file` with the protected settings, JSON; they are encrypted as Azure does")
	set.IntVar(&f.level, "level", 0, "the dependency `level`")
	set.StringVar(&f.dependsOn, "depends-on", "", "`names` of extensions, with commas")
	set.BoolVar(&f.fast, "fast", false, "over the FastTrack channel")
	set.StringVar(&f.fault, "package", "", "what is `wrong` with every package: 404, 500, slow or truncated")
	set.DurationVar(&f.delay, "delay", time.Minute, "how `long` a slow package takes")
	set.BoolVar(&f.loseStatus, "lose-status", false, "lose every uploaded status")
	set.BoolVar(&f.off, "off", false, "no vmSettings from now on")
	set.DurationVar(&f.timeout, "timeout", 20*time.Minute, "how `long` to wait at most; serve has no end")
	set.Usage = func() {
		fmt.Fprint(out, usage)
		set.PrintDefaults()
	}
	return f, set
}
