package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/fabric/waagent"
	"docker-extension/test/harness/agent"
	"docker-extension/test/vm"
)

// real is the real agent of a VM, with a fake fabric behind it. What it reports is what it uploads.
type real struct {
	service *waagent.Agent
	fabric  *azure.Fabric
}

// newReal gives the VM a fabric, for as long as ctx lasts, and prepares its agent.
func newReal(ctx context.Context, machine *vm.VM) (*real, error) {
	fabric, err := azure.New(ctx, os.Stdout)
	if err != nil {
		return nil, err
	}
	if _, err := fabric.Serve(ctx, machine.Namespace()); err != nil {
		return nil, err
	}
	service, err := waagent.Configure(ctx, machine)
	if err != nil {
		return nil, err
	}
	version, err := service.Version(ctx)
	fmt.Println("the agent is waagent", version)
	return &real{service, fabric}, err
}

// Name gives the extension's name.
func (r *real) Name() string { return agent.DefaultName }

// Enable puts the extension into the goal state and starts the agent.
func (r *real) Enable(ctx context.Context, pkg agent.Package, settings agent.Settings) error {
	r.fabric.Publish(r.Name(), pkg)
	change := azure.Change{Version: pkg.Version, Public: settings.Public, Protected: settings.Protected}
	if _, err := r.fabric.Apply(ctx, r.Name(), change); err != nil {
		return err
	}
	return r.service.Start(ctx)
}

// WaitTerminal follows what the agent uploads of the extension's status until that has come to an
// end, or the agent says that the extension cannot be installed.
func (r *real) WaitTerminal(ctx context.Context, seen func(agent.Status)) (agent.Walk, error) {
	var walk agent.Walk
	var failed error
	_, err := r.fabric.Await(ctx, 0, func(u azure.Upload) bool {
		h, ok := u.Handler(r.Name())
		if !ok || h.Extension == nil {
			if h.Status == "NotReady" && h.Code != 0 {
				failed = errors.New(h.Message)
			}
			return failed != nil
		}
		if !reflect.DeepEqual(walk.Last(), *h.Extension) {
			walk = append(walk, *h.Extension)
			seen(*h.Extension)
		}
		return h.Extension.Terminal()
	})
	return walk, errors.Join(err, failed)
}

// Reported gives the newest upload's part on the extension.
func (r *real) Reported() (agent.HandlerStatus, *agent.Status, error) {
	all := r.fabric.Uploads()
	if len(all) == 0 {
		return agent.HandlerStatus{}, nil, errors.New("the agent has not uploaded a status")
	}
	h, ok := all[len(all)-1].Handler(r.Name())
	if !ok {
		return agent.HandlerStatus{}, nil, agent.ErrAbsent
	}
	status := agent.HandlerStatus{Name: h.Name, Version: h.Version, Status: h.Status, Code: h.Code, Message: h.Message}
	return status, h.Extension, nil
}
