package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/fabric/control"
	"docker-extension/test/fabric/waagent"
	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/view"
	"docker-extension/test/vm"
)

// play is a person's hand on the fabric of a VM.
type play struct {
	*control.Client
	flags flags
	out   *os.File
}

func commands() map[string]func(context.Context, play) error {
	return map[string]func(context.Context, play) error{
		"serve": serve, "publish": publish, "set": set, "wait": wait, "show": show,
		"drop": func(ctx context.Context, p play) error { return p.number(p.Drop(ctx, p.flags.name)) },
		"next": func(ctx context.Context, p play) error { return p.number(p.Next(ctx)) },
		"fault": func(ctx context.Context, p play) error {
			return p.SetFaults(ctx, azure.Faults{Package: p.flags.fault, Delay: p.flags.delay, LoseStatus: p.flags.loseStatus})
		},
		"vmsettings": func(ctx context.Context, p play) error { return p.OfferVMSettings(ctx, !p.flags.off) },
	}
}

func serve(ctx context.Context, p play) error {
	machine, err := vm.Open(p.flags.vm)
	if err != nil {
		return err
	}
	fabric, err := azure.New(ctx, p.out)
	if err != nil {
		return err
	}
	stop, err := fabric.Serve(ctx, machine.Namespace())
	if err != nil {
		return err
	}
	defer stop()
	service, err := waagent.Configure(ctx, machine)
	if err != nil {
		return err
	}
	if err := service.Start(ctx); err != nil {
		return err
	}
	socket := control.Socket(p.flags.vm)
	listener, err := control.Listen(ctx, socket)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "the agent of %s has a fabric; it is driven at %s\n", p.flags.vm, socket)
	return control.Serve(ctx, listener, fabric)
}

func publish(ctx context.Context, p play) error {
	pkg, err := p.pkg()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s %s, %d bytes\n", p.flags.name, pkg.Version, len(pkg.Zip))
	return p.Publish(ctx, p.flags.name, pkg)
}

func (p play) pkg() (agent.Package, error) {
	if p.flags.version == "" {
		return agent.OpenPackage(p.flags.zip)
	}
	content, err := os.ReadFile(p.flags.zip)
	return agent.Package{Version: p.flags.version, Zip: content}, err
}

func set(ctx context.Context, p play) error {
	change := azure.Change{Version: p.flags.version, State: p.flags.state, Level: p.flags.level, Fast: p.flags.fast}
	if p.flags.dependsOn != "" {
		change.DependsOn = strings.Split(p.flags.dependsOn, ",")
	}
	var err error
	if change.Public, err = readJSON(p.flags.public); err != nil {
		return err
	}
	if change.Protected, err = readJSON(p.flags.protected); err != nil {
		return err
	}
	return p.number(p.Apply(ctx, p.flags.name, change))
}

// readJSON reads a file that holds JSON; nothing for no file.
func readJSON(file string) (json.RawMessage, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err == nil && !json.Valid(content) {
		err = fmt.Errorf("%s is not JSON", file)
	}
	return content, err
}

func (p play) number(number int, err error) error {
	if err == nil {
		fmt.Fprintf(p.out, "goal state %d\n", number)
	}
	return err
}

// wait shows what changes until every extension with settings has come to an end.
func wait(ctx context.Context, p play) error {
	goal, err := p.Goal(ctx)
	if err != nil {
		return err
	}
	live := map[string]*view.Live{}
	number := 0
	for {
		upload, err := p.Newest(ctx, number, 10*time.Second)
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if upload == nil {
			continue
		}
		number = upload.Number
		follow(live, upload, p.out)
		if finished(goal, upload) {
			return failures(upload)
		}
	}
}

// follow draws each extension's status; one that is alone is drawn in place.
func follow(live map[string]*view.Live, upload *azure.Upload, out *os.File) {
	for _, h := range upload.Handlers {
		if live[h.Name] == nil {
			fmt.Fprintf(out, "%s %s\n", h.Name, h.Version)
			live[h.Name] = view.NewLive(out)
		}
		if h.Extension != nil {
			live[h.Name].Show(*h.Extension)
		}
	}
}

// finished tells whether the upload is about this goal state or a later one, and nothing in it goes on.
func finished(goal control.Goal, upload *azure.Upload) bool {
	if upload.Goal < goal.Number {
		return false
	}
	for _, h := range upload.Handlers {
		if h.Extension != nil && !h.Extension.Terminal() {
			return false
		}
	}
	return true
}

func failures(upload *azure.Upload) error {
	var errs []error
	for _, h := range upload.Handlers {
		if h.Status != "Ready" || h.Extension != nil && h.Extension.State == agent.Error {
			errs = append(errs, fmt.Errorf("%s is %s: %s", h.Name, h.Status, h.Message))
		}
	}
	return errors.Join(errs...)
}

func show(ctx context.Context, p play) error {
	goal, err := p.Goal(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "goal state %d\n", goal.Number)
	for _, e := range goal.Extensions {
		fmt.Fprintf(p.out, "  %s %s: %s, settings %d, level %d\n", e.Name, e.Version, e.State, e.Seq, e.Level)
	}
	upload, err := p.Newest(ctx, 0, time.Nanosecond)
	if err != nil {
		return err
	}
	if upload == nil {
		fmt.Fprintln(p.out, "nothing has been uploaded yet")
		return nil
	}
	fmt.Fprintf(p.out, "status %d of agent %s, after goal state %d\n", upload.Number, upload.AgentVersion, upload.Goal)
	for _, h := range upload.Handlers {
		table(p.out, h)
	}
	return nil
}

func table(out io.Writer, h azure.Handler) {
	fmt.Fprintf(out, "%s %s: %s (code %d) %s\n", h.Name, h.Version, h.Status, h.Code, h.Message)
	if h.Extension != nil {
		fmt.Fprintln(out, strings.Join(view.Table(*h.Extension), "\n"))
	}
}
