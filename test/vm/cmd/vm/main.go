// Command vm boots disposable Debian machines, for people who want to look into one.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"

	"golang.org/x/sys/unix"

	"docker-extension/test/vm"
)

const usage = `Disposable Debian machines with systemd, for tests. Needs root.

  vm prepare [SUITE...]      make the cached root file systems (default: all)
  vm boot SUITE [NAME]       boot a machine and keep it running
  vm run SUITE -- CMD...     boot a machine, run a command in it, remove it
  vm enter NAME [CMD...]     a shell (or a command) in a running machine
  vm list                    the machines that exist
  vm clean NAME...           remove these machines
  vm clean [--all]           remove every machine on this host whose process has
                             ended, kept ones too; --all: those in use as well

SUITE is one of: %s. The cache is in $DOCKER_EXTENSION_CACHE
(default /var/cache/docker-extension-test).
`

// verbs tells what each word does. They give the exit code.
var verbs = map[string]func(ctx context.Context, args []string) (int, error){
	"prepare": prepare, "boot": boot, "run": run, "enter": enter, "list": list, "clean": clean,
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	code, err := dispatch(ctx, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
	}
	os.Exit(code)
}

// dispatch finds the verb and calls it.
func dispatch(ctx context.Context, args []string) (int, error) {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "--help"}, args[0]) {
		fmt.Printf(usage, strings.Join(vm.Suites(), ", "))
		return 0, nil
	}
	verb, known := verbs[args[0]]
	if !known {
		return 2, fmt.Errorf("%q is not a verb: see --help", args[0])
	}
	if missing := vm.Requirements(); len(missing) > 0 {
		return 1, errors.New(strings.Join(missing, "; "))
	}
	return verb(ctx, args[1:])
}

// prepare makes the roots of the named suites, or of all.
func prepare(ctx context.Context, suites []string) (int, error) {
	if len(suites) == 0 {
		suites = vm.Suites()
	}
	for _, suite := range suites {
		root, err := vm.Prepare(ctx, suite, os.Stderr)
		if err != nil {
			return 1, err
		}
		fmt.Println(root)
	}
	return 0, nil
}

// boot leaves a machine running and tells how to use it.
func boot(ctx context.Context, args []string) (int, error) {
	if len(args) < 1 || len(args) > 2 {
		return 2, errors.New("boot needs a suite, and may have a name")
	}
	options := vm.Options{Suite: args[0], Log: os.Stderr, Keep: true}
	if len(args) == 2 {
		options.Name = args[1]
	}
	machine, err := vm.Boot(ctx, options)
	if err != nil {
		return 1, err
	}
	fmt.Println(machine.Name())
	return 0, nil
}

// run boots a machine for one command and gives the command's exit code.
func run(ctx context.Context, args []string) (code int, err error) {
	if len(args) < 3 || args[1] != "--" {
		return 2, errors.New("run needs a suite, --, and a command")
	}
	machine, err := vm.Boot(ctx, vm.Options{Suite: args[0], Log: os.Stderr})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, machine.Close()) }()
	result, err := machine.Run(ctx, vm.Command{Args: args[2:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr})
	return result.ExitCode, err
}

// enter runs a command or a login shell in a machine that another process has booted. A person at a
// terminal gets a terminal inside the machine.
func enter(ctx context.Context, args []string) (int, error) {
	if len(args) == 0 {
		return 2, errors.New("enter needs the name of a machine")
	}
	machine, err := vm.Open(args[0])
	if err != nil {
		return 1, err
	}
	command := args[1:]
	if len(command) == 0 {
		command = []string{"bash", "--login"}
		if _, err := unix.IoctlGetTermios(int(os.Stdin.Fd()), unix.TCGETS); err == nil {
			command = []string{"script", "--quiet", "--return", "--command", "bash --login", "/dev/null"}
		}
	}
	return machine.Attach(ctx, command)
}

// list prints a table of the machines.
func list(context.Context, []string) (int, error) {
	machines, err := vm.List()
	if err != nil {
		return 1, err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSUITE\tADDRESS\tSTATE\tOWNER")
	for _, m := range machines {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", m.Name, m.Suite, m.Address, m.State, m.Owner)
	}
	return 0, table.Flush()
}

// clean removes the named machines, or those of every process that has ended.
func clean(ctx context.Context, args []string) (int, error) {
	flags := flag.NewFlagSet("clean", flag.ContinueOnError)
	all := flags.Bool("all", false, "remove the machines of running processes too")
	if err := flags.Parse(args); err != nil {
		return 2, err
	}
	var errs []error
	for _, name := range flags.Args() {
		machine, err := vm.Open(name)
		if err == nil {
			err = machine.Close()
		}
		errs = append(errs, err)
	}
	if flags.NArg() == 0 {
		errs = append(errs, vm.Clean(ctx, *all, os.Stderr))
	}
	if err := errors.Join(errs...); err != nil {
		return 1, err
	}
	return 0, nil
}
