package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
	"docker-extension/test/harness/pki"
	"docker-extension/test/harness/view"
	"docker-extension/test/vm"
)

// publicSettings is what a person would write in a template.
const publicSettings = `{"docker":{"port":"2376","options":["--label","foo=bar"]}}`

// port is the one in publicSettings.
const port = "2376"

// demo is one run: the VM and what is known of it so far.
type demo struct {
	vm    *vm.VM
	agent player
	set   *pki.Set
	// folder holds the client's certificates: ca.pem, cert.pem, key.pem.
	folder string
	// sequel is the command with which a person goes on playing.
	sequel string
}

// player is whoever calls the extension: the fake agent, or the real one.
type player interface {
	Name() string
	Enable(ctx context.Context, pkg agent.Package, settings agent.Settings) error
	WaitTerminal(ctx context.Context, seen func(agent.Status)) (agent.Walk, error)
	Reported() (agent.HandlerStatus, *agent.Status, error)
}

// show plays the whole story. The VM stays after a success, and after a failure if it shall.
func show(ctx context.Context, o options) error {
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	pkg, err := o.open()
	if err != nil {
		return err
	}
	d := &demo{sequel: "go run ./test/harness"}
	if o.agent == "real" {
		d.sequel = "go run ./test/fabric" // this program's own fabric ends with it
	}
	if err := d.play(ctx, o, pkg); err != nil {
		return errors.Join(err, d.fail(o.keep))
	}
	d.farewell()
	return nil
}

// play is the story, stage by stage.
func (d *demo) play(ctx context.Context, o options, pkg agent.Package) error {
	for _, stage := range []struct {
		title string
		do    func() error
	}{
		{"boot a fresh Debian VM (" + o.suite + ")", func() error { return d.boot(ctx, o) }},
		{"make certificates for server and client", d.certify},
		{"unzip version " + pkg.Version + ", install, enable", func() error { return d.enable(ctx, pkg) }},
		{"wait for the extension", func() error { return d.wait(ctx) }},
		{"ask the engine over TLS, with the client certificate", func() error { return d.ask(ctx) }},
	} {
		started := time.Now()
		fmt.Printf("\n== %s\n", stage.title)
		if err := stage.do(); err != nil {
			return err
		}
		fmt.Printf("   %.1f s\n", time.Since(started).Seconds())
	}
	return nil
}

func (d *demo) boot(ctx context.Context, o options) error {
	booted, err := vm.Boot(ctx, vm.Options{Suite: o.suite, Log: os.Stdout, Keep: true})
	if err != nil {
		return err
	}
	d.vm = booted
	if d.agent, err = newPlayer(ctx, o.agent, booted); err != nil {
		d.agent = nil // and no nil of some type
	}
	return err
}

func newPlayer(ctx context.Context, who string, booted *vm.VM) (player, error) {
	if who == "real" {
		return newReal(ctx, booted)
	}
	return agent.New(machine.VM{VM: booted}, agent.Options{Log: os.Stdout})
}

// certify makes the certificates; the client's go to dist/, which "make clean" removes.
func (d *demo) certify() error {
	address := net.ParseIP(d.vm.Address())
	var err error
	if d.set, err = pki.NewSet([]net.IP{address}, d.vm.Name()); err != nil {
		return err
	}
	if d.folder, err = filepath.Abs(filepath.Join("dist", "client-"+d.vm.Name())); err != nil {
		return err
	}
	return d.set.WriteClient(d.folder)
}

func (d *demo) enable(ctx context.Context, pkg agent.Package) error {
	t := d.set.Triple()
	protected, err := json.Marshal(map[string]any{
		"certs": map[string]string{"ca": t.CA, "cert": t.Cert, "key": t.Key},
	})
	if err != nil {
		return err
	}
	fmt.Println("public settings:", publicSettings)
	return d.agent.Enable(ctx, pkg, agent.Settings{Public: json.RawMessage(publicSettings), Protected: protected})
}

func (d *demo) wait(ctx context.Context) error {
	walk, err := d.agent.WaitTerminal(ctx, view.NewLive(os.Stdout).Show)
	if err != nil {
		return err
	}
	if walk.Last().State != agent.Success {
		return fmt.Errorf("the extension reports: %s", walk.Last().Message)
	}
	handler, extension, err := d.agent.Reported()
	if err != nil {
		return err
	}
	fmt.Printf("\n%s %s: %s, %s\n", handler.Name, handler.Version, handler.Status, handler.Message)
	fmt.Println(strings.Join(view.Table(*extension), "\n"))
	return nil
}

// farewell tells what a person may do next.
func (d *demo) farewell() {
	fmt.Printf(`
The VM %[1]s is up at %[2]s.
  a shell in it:        go run ./test/vm/cmd/vm enter %[1]s
  use it from here:     docker --tlsverify --tlscacert %[3]s/ca.pem --tlscert %[3]s/cert.pem --tlskey %[3]s/key.pem -H tcp://%[2]s:%[4]s ps
  play on:              %[5]s --help   (with --vm %[1]s)
  remove it:            make clean
`, d.vm.Name(), d.vm.Address(), d.folder, port, d.sequel)
}
