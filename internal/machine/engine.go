package machine

import (
	"context"
	"fmt"
	"time"

	"docker-extension/internal/engine"
	"docker-extension/internal/fault"
	"docker-extension/internal/host/docker"
	"docker-extension/internal/host/systemd"
	"docker-extension/internal/state"
)

// readyWithin bounds the wait for an engine that systemd calls started. With many containers to
// take up again the engine answers later than it says it is up.
const readyWithin = 2 * time.Minute

// Engine is the container engine, asked where its clients ask it.
type Engine struct {
	docker.Engine
	docker.Approver
	units *systemd.Manager
}

// Ready waits until the engine answers on its unix socket and on each of its TCP addresses. The
// error has the last lines that the engine left in the journal.
func (e Engine) Ready(ctx context.Context, at state.Endpoint) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	err := e.Engine.Ready(ctx)
	for _, address := range at.Addresses {
		switch {
		case err != nil:
		case at.TLS:
			err = e.ReadyTLS(ctx, address)
		default:
			err = e.ReadyPlain(ctx, address)
		}
	}
	if err == nil {
		return nil
	}
	text := ""
	if lines := e.units.LastWords(ctx, engine.Service); lines != "" {
		text = "; its last lines: " + lines
	}
	return fault.New(fault.CodeOf(err), "", "see `journalctl -u "+engine.Service+"`", "%w", fmt.Errorf("%w%s", err, text))
}
