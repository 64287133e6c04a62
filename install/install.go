// Package install prepares the VM for the extension: it looks whether the operating system is one
// that we know, and makes the folder of our memory. The engine is installed by enable, which has
// the settings; the agent gives install and enable their own time limits, and a package manager that
// waits for a lock would use up both.
package install

import (
	"context"

	"docker-extension/handler"
	"docker-extension/internal/engine"
	"docker-extension/internal/host"
	"docker-extension/internal/host/files"
	"docker-extension/internal/machine"
)

// Install is the verb.
type Install struct{ Root files.Root }

// Run is the verb as the handler calls it. It ends an update too: the version that was to be left
// alone has been uninstalled by now.
func (i Install) Run(_ context.Context, call *handler.Call) (handler.Outcome, error) {
	m := machine.New(i.Root, call.Log)
	defer m.Close()
	facts, err := m.Survey()
	if err != nil {
		return handler.Outcome{}, err
	}
	if err := engine.CheckHost(facts.OS); err != nil {
		return handler.Outcome{}, err
	}
	if err := i.Root.MakeDir(host.StateFolder, 0o700); err != nil {
		return handler.Outcome{}, err
	}
	if err := UpdateMarker(i).Clear(); err != nil {
		return handler.Outcome{}, err
	}
	return handler.Outcome{Message: "version " + call.Version + " is installed on " + facts.OS.Name}, nil
}
