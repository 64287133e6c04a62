// Run is the program behind "make run": it boots a fresh VM, plays the Azure Linux Agent in it, and
// shows how the VM becomes a Docker host that answers over TLS.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"docker-extension/test/harness/agent"
)

// options is the command line.
type options struct {
	suite, zip string
	// agent is "fake" or "real".
	agent   string
	keep    bool
	timeout time.Duration
}

func main() {
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err = show(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "\nrun:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (options, error) {
	var o options
	set := flag.NewFlagSet("run", flag.ContinueOnError)
	set.StringVar(&o.suite, "suite", "bookworm", "the Debian `release` of the VM: bookworm or trixie")
	for _, name := range []string{"zip", "package"} {
		set.StringVar(&o.zip, name, "", "the extension `file`; by default the newest in dist/")
	}
	set.StringVar(&o.agent, "agent", "fake", "`who` calls the extension: fake for the harness, real for Debian's waagent with a fake fabric")
	set.BoolVar(&o.keep, "keep", false, "keep the VM after a failure too")
	set.DurationVar(&o.timeout, "timeout", 15*time.Minute, "how long all of it may take")
	if err := set.Parse(arguments); err != nil {
		return o, err
	}
	if o.agent != "fake" && o.agent != "real" {
		err := fmt.Errorf("--agent is fake or real, not %q", o.agent)
		fmt.Fprintln(os.Stderr, "run:", err)
		return o, err
	}
	return o, nil
}

// open gives the extension's zip: the named one, or the newest in dist/.
func (o options) open() (agent.Package, error) {
	if o.zip != "" {
		return agent.OpenPackage(o.zip)
	}
	found, _ := filepath.Glob("dist/docker-extension-*.zip")
	newest, at := "", time.Time{}
	for _, file := range found {
		if info, err := os.Stat(file); err == nil && info.ModTime().After(at) {
			newest, at = file, info.ModTime()
		}
	}
	if newest == "" {
		return agent.Package{}, errors.New("there is no zip in dist/; make one with: make package")
	}
	return agent.OpenPackage(newest)
}
