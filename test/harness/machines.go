package main

import (
	"context"
	"errors"
	"io"
	"slices"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
	"docker-extension/test/vm"
)

// choose gives the machine that the flags name.
func choose(ctx context.Context, f flags, log io.Writer) (agent.Machine, error) {
	switch {
	case (f.vm == "") == (f.root == ""):
		return nil, errors.New("say where to play: --vm or --root")
	case f.root != "":
		return machine.NewLocal(f.root)
	case slices.Contains(vm.Suites(), f.vm):
		return ofSuite(ctx, f.vm, log)
	default:
		found, err := vm.Open(f.vm)
		return machine.VM{VM: found}, err
	}
}

// ofSuite gives the harness's own machine of a suite; it is booted if it is not there and kept.
func ofSuite(ctx context.Context, suite string, log io.Writer) (agent.Machine, error) {
	name := "harness-" + suite
	known, err := vm.List()
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(known, func(info vm.Info) bool { return info.Name == name }) {
		found, err := vm.Open(name)
		if err != nil {
			return nil, err
		}
		return machine.VM{VM: found}, found.PowerOn(ctx)
	}
	booted, err := vm.Boot(ctx, vm.Options{Suite: suite, Name: name, Log: log, Keep: true})
	return machine.VM{VM: booted}, err
}

// clean removes machines that were kept, and those whose process has died.
func clean(ctx context.Context, log io.Writer) error { return vm.Clean(ctx, false, log) }
