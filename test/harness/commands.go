package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/view"
)

// play is an agent at work for a person.
type play struct {
	*agent.Agent
	flags flags
	out   io.Writer
	live  *view.Live
}

func commands() map[string]func(context.Context, play) error {
	return map[string]func(context.Context, play) error{
		"enable":    enable,
		"update":    update,
		"again":     func(ctx context.Context, p play) error { return p.follow(ctx, p.EnableAgain(ctx)) },
		"restart":   func(ctx context.Context, p play) error { return p.follow(ctx, p.Restart(ctx)) },
		"reboot":    func(ctx context.Context, p play) error { return p.follow(ctx, p.Reboot(ctx)) },
		"disable":   func(ctx context.Context, p play) error { return p.quietly(p.Disable(ctx)) },
		"uninstall": func(ctx context.Context, p play) error { return p.quietly(p.Uninstall(ctx)) },
		"status":    func(_ context.Context, p play) error { return p.show() },
	}
}

func enable(ctx context.Context, p play) error {
	pkg, err := p.pkg()
	if err != nil {
		return err
	}
	if p.flags.public == "" && p.flags.protected == "" {
		return p.follow(ctx, p.EnableRaw(ctx, pkg, nil))
	}
	settings := agent.Settings{Cipher: agent.Cipher{Algorithm: p.flags.cipher}}
	if settings.Public, err = readJSON(p.flags.public); err != nil {
		return err
	}
	if settings.Protected, err = readJSON(p.flags.protected); err != nil {
		return err
	}
	return p.follow(ctx, p.Enable(ctx, pkg, settings))
}

func update(ctx context.Context, p play) error {
	if p.flags.zip == "" {
		return errors.New("say to which version: --zip FILE")
	}
	pkg, err := p.pkg()
	if err != nil {
		return err
	}
	return p.follow(ctx, p.Update(ctx, pkg))
}

// pkg gives the zip of the command line; without one the version that is on the machine.
func (p play) pkg() (agent.Package, error) {
	if p.flags.zip != "" {
		return agent.OpenPackage(p.flags.zip)
	}
	if h, ok := p.Current(); ok {
		return agent.Package{Version: h.Version()}, nil
	}
	return agent.Package{}, errors.New("the extension is not on the machine yet: name its zip with --zip FILE")
}

// readJSON reads a file that holds JSON; nothing for no file.
func readJSON(file string) (json.RawMessage, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if !json.Valid(content) {
		return nil, fmt.Errorf("%s is not JSON", file)
	}
	return content, nil
}

// follow shows the status until it is final, unless the command has failed already.
func (p play) follow(ctx context.Context, err error) error {
	var failed *agent.OperationError
	if errors.As(err, &failed) {
		return errors.Join(p.show(), errors.New("the handler's command failed"))
	}
	if err != nil {
		return err
	}
	walk, err := p.WaitTerminal(ctx, p.live.Show)
	if err == nil && walk.Last().State == agent.Error {
		err = errors.New("the extension reports an error")
	}
	return err
}

// quietly reports the end of a command that has no status of its own.
func (p play) quietly(err error) error {
	if err == nil {
		fmt.Fprintln(p.out, "done")
	}
	return err
}

// show prints what the agent reports: the handler's status, then the extension's.
func (p play) show() error {
	handler, extension, err := p.Reported()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "handler %s %s: %s (code %d)\n%s\n", handler.Name, handler.Version, handler.Status, handler.Code, handler.Message)
	if extension == nil {
		fmt.Fprintln(p.out, "the extension's status is not reported before it is installed")
		return nil
	}
	for _, line := range view.Table(*extension) {
		fmt.Fprintln(p.out, line)
	}
	return nil
}
