package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/vm"
)

// options is the command line.
type options struct {
	zip, out string
	suites   []string
	parts    string // what to measure, of cold, changes and growth
	rounds   int    // of everything that needs a fresh VM; changes are made three times in each
	page     string
}

func main() {
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if o.page != "" {
		err = updatePage(o.page, filepath.Join(o.out, tableFile))
	} else {
		err = run(ctx, o)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (options, error) {
	var o options
	var suites string
	set := flag.NewFlagSet("bench", flag.ContinueOnError)
	set.StringVar(&o.zip, "package", os.Getenv("DOCKER_EXTENSION_PACKAGE"), "the extension `file`")
	set.StringVar(&o.out, "out", "dist/bench", "the `folder` for bench.json and bench.md")
	set.StringVar(&suites, "suites", strings.Join(vm.Suites(), ","), "the Debian `releases` to measure on")
	set.StringVar(&o.parts, "parts", "cold,changes,growth", "what to measure")
	set.IntVar(&o.rounds, "rounds", 3, "how often; BENCH_ROUNDS in the environment counts more")
	set.StringVar(&o.page, "page", "", "measure nothing: put the table of the last run into this `file`")
	if err := set.Parse(arguments); err != nil {
		return o, err
	}
	o.suites = strings.Split(suites, ",")
	if text := os.Getenv("BENCH_ROUNDS"); text != "" {
		rounds, err := strconv.Atoi(text)
		if err != nil {
			return o, fmt.Errorf("BENCH_ROUNDS is no number: %q", text)
		}
		o.rounds = rounds
	}
	if o.rounds < 1 {
		return o, fmt.Errorf("at least one round is needed, not %d", o.rounds)
	}
	return o, nil
}

// run measures everything and writes the results, also those of a run that failed half-way.
func run(ctx context.Context, o options) error {
	pkg, err := agent.OpenPackage(o.zip)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	b := &bench{options: o, pkg: pkg, results: &results{Started: time.Now().UTC(), Rounds: o.rounds, Machine: describeMachine()}}
	if b.probe, err = buildProbe(ctx, o.out); err != nil {
		return err
	}
	if b.services, err = startServices(ctx, o.out); err != nil {
		return err
	}
	defer b.services.stop()
	err = b.measure(ctx)
	b.results.Took = time.Since(b.results.Started).Round(time.Second).String()
	return errors.Join(err, b.results.write(o.out))
}

// bench is one run.
type bench struct {
	options
	pkg      agent.Package
	probe    []byte // the program that measures inside of a VM
	services *services
	results  *results
}

// measure goes through all scenarios on all suites.
func (b *bench) measure(ctx context.Context) error {
	if err := b.sizes(); err != nil {
		return err
	}
	for _, suite := range b.suites {
		for _, part := range []struct {
			name string
			do   func(context.Context, string) error
		}{
			{"cold", b.cold}, {"changes", b.changes}, {"growth", b.growth},
		} {
			if !strings.Contains(b.parts, part.name) {
				continue
			}
			started := time.Now()
			if err := part.do(ctx, suite); err != nil {
				return fmt.Errorf("%s, %s: %w", suite, part.name, err)
			}
			fmt.Printf("== %s, %s: %s\n", suite, part.name, time.Since(started).Round(time.Second))
		}
	}
	return nil
}
