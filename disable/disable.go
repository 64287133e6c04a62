// Package disable stops the engine and its containers, unless the extension is only being updated.
package disable

import (
	"context"
	"strings"

	"github.com/sirupsen/logrus"

	"docker-extension/enable"
	"docker-extension/handler"
	"docker-extension/internal/converge"
	"docker-extension/internal/engine"
	"docker-extension/internal/host/files"
	"docker-extension/internal/machine"
)

// Disable is the verb.
type Disable struct{ Root files.Root }

// Run is the verb as the handler calls it.
func (d Disable) Run(ctx context.Context, call *handler.Call) (handler.Outcome, error) {
	incoming, err := incomingVersion(d.Root, call)
	if err != nil {
		return handler.Outcome{}, err
	}
	if incoming != "" {
		// No status: the agent copies it to the new version, and shows it as that one's own.
		return handler.Outcome{Message: "version " + incoming + " is taking over: the engine goes on running"}, nil
	}
	m := machine.New(d.Root, call.Log)
	defer m.Close()
	if err := enable.Stop(ctx, d.Root, m.Systemd); err != nil {
		return handler.Outcome{}, err
	}
	notes, err := Stop(ctx, m, call.Log)
	if err != nil {
		return handler.Outcome{}, err
	}
	return handler.Outcome{Status: handler.Success, Message: sentence(notes)}, nil
}

// sentence says what is stopped. A note is about containers that may not be.
func sentence(notes []string) string {
	if len(notes) > 0 {
		return "Docker is stopped; images, containers and volumes are kept, and enable starts it again; " + strings.Join(notes, "; ")
	}
	return "Docker and its containers are stopped; images, containers and volumes are kept, and enable starts them again"
}

// Stop takes the machine to the state without a running engine. It gives what a person should know of the way.
func Stop(ctx context.Context, m *machine.Machine, log *logrus.Entry) (notes []string, err error) {
	result, err := converge.Converger{
		Host:   m.Host(),
		Survey: m.Survey,
		Aim:    engine.Stopped,
		Report: func([]converge.Progress) {},
		Log:    log,
	}.Run(ctx)
	return result.Notes, err
}
