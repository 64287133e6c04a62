package enable

import (
	"context"
	"io"

	"docker-extension/handler"
	"docker-extension/internal/converge"
	"docker-extension/internal/machine"
	"docker-extension/internal/oplog"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// Preview is what enable would decide now, and by what.
type Preview struct {
	Settings settings.Settings
	Facts    state.Facts
	Goal     state.Goal
	Steps    []converge.Step // none: there is nothing to do
}

// Order gives the order that enable would make of a call. It reads files and changes nothing.
func (e Enable) Order(ctx context.Context, call *handler.Call) (Order, error) {
	return e.order(ctx, call)
}

// Preview gives what the next enable would decide for an order. It looks at the host as enable does, with
// no lock, no network and no change. The order's secrets are added to secrets, also on an error.
func (e Enable) Preview(ctx context.Context, o Order, secrets *oplog.Redactor) (Preview, error) {
	wanted, err := e.parse(o, secrets)
	if err != nil {
		return Preview{Settings: wanted}, err
	}
	log := oplog.New(io.Discard, secrets, false).WithFields(nil)
	m := machine.New(e.Root, log)
	defer m.Close()
	facts, goal, steps, err := converger(ctx, m, wanted, log).Plan()
	return Preview{Settings: wanted, Facts: facts, Goal: goal, Steps: steps}, err
}
