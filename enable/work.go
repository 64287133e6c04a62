package enable

import (
	"context"
	"errors"
	"maps"
	"path"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host"
	"docker-extension/internal/host/files"
	"docker-extension/internal/host/systemd"
)

// WorkUnit is the transient systemd unit in which the work is done. It is not part of the agent's
// control group, so neither the agent's time limits nor its restarts can end it.
const WorkUnit = "docker-extension-converge.service"

// WorkVerb is the verb that the work unit calls the binary with; the agent never does.
const WorkVerb = "converge"

// program is the copy of the binary that the work unit runs. In the handler's folder it would be in
// the way: the agent deletes that folder when it cannot unzip over a running binary.
const program = host.StateFolder + "/bin/docker-extension"

const (
	// takeOver bounds how long enable waits until the unit has begun. systemd starts it within
	// milliseconds; a machine that is booting needs longer.
	takeOver = 60 * time.Second
	// lookAgain is how often enable looks whether the unit has begun.
	lookAgain = 20 * time.Millisecond
)

// WorkUnits starts and stops the work unit.
type WorkUnits interface {
	StartTransient(ctx context.Context, unit systemd.Transient) error
	Stop(ctx context.Context, units ...string) error
}

// work is the work unit as the verbs see it.
type work struct {
	desk  desk
	units WorkUnits
}

// busy tells whether a work unit is working.
func (w work) busy() (bool, error) {
	unlock, free, err := w.desk.root.TryLock(workLock)
	if free {
		unlock()
	}
	return err == nil && !free, err
}

// working tells whether a work unit works on an order. One that holds the lock without an order only
// tidies up, and its end is waited for.
func (w work) working(ctx context.Context) (bool, error) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for deadline := time.Now().Add(takeOver); ; {
		busy, err := w.busy()
		if err != nil || !busy || w.desk.occupied() || time.Now().After(deadline) {
			return busy, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return busy, nil
		}
	}
}

// idle tells whether no other order changes the host from here on, of a work unit that is busy or not: that of one
// which was killed a moment ago is about to be taken up again, even if only its report was missing.
func (w work) idle(busy bool) bool {
	return !busy && !w.desk.occupied() && !w.desk.root.Exists(endedFile)
}

// has tells whether the very same order is waiting, or is being worked on with none waiting.
func (w work) has(o Order) bool {
	for _, file := range []string{orderFile, currentFile} {
		other, there, err := w.desk.read(file)
		if err == nil && there {
			return other.same(o)
		}
	}
	return false
}

// handOver puts the order on the desk and sees to it that somebody takes it: a unit that is working
// sees it, ends at its next step and begins anew with it; otherwise a unit is started.
func (w work) handOver(ctx context.Context, o Order, executable string) error {
	if err := w.place(executable); err != nil {
		return err
	}
	if err := w.put(ctx, o); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, takeOver)
	defer cancel()
	for {
		if busy, err := w.busy(); err != nil || busy {
			return err
		}
		err := w.units.StartTransient(ctx, unit(o, w.desk.root))
		if err != nil && !errors.Is(err, systemd.ErrUnitExists) {
			return err
		}
		if taken, err := w.awaitTaken(ctx, time.Second); err != nil || taken {
			return err
		}
	}
}

// place puts the binary where the work unit runs it. Somebody may have removed the folder since install made it.
func (w work) place(executable string) error {
	if err := w.desk.root.MakeDir(host.StateFolder, 0o700); err != nil {
		return err
	}
	return w.desk.root.Copy(executable, program, 0o700)
}

func (w work) put(ctx context.Context, o Order) error {
	unlock, err := w.desk.root.Lock(ctx, deskLock)
	if err != nil {
		return err
	}
	defer unlock()
	return w.desk.write(orderFile, o)
}

// awaitTaken waits until somebody has taken the order, or is working and will. A unit that was just
// ending when it was to be started has neither: then false, and the start has to be tried again.
func (w work) awaitTaken(ctx context.Context, patience time.Duration) (bool, error) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if busy, err := w.busy(); err != nil || busy || !w.desk.root.Exists(orderFile) {
			return err == nil, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false, fault.New(fault.Converge, WorkUnit, "see `journalctl -u "+WorkUnit+"`, "+fault.Retry,
				"cannot start the work unit: it has not begun within %s", takeOver)
		}
	}
	return false, nil
}

// unit describes the work unit. Every property has its reason, here or in sandbox.
func unit(o Order, root files.Root) systemd.Transient {
	argv := []string{root.Path(program), WorkVerb}
	if dir := root.Path("/"); dir != "/" {
		argv = []string{root.Path(program), "--root", dir, WorkVerb}
	}
	properties := map[string]any{
		// A run that is killed (out of memory, say) is started again and finds its order. One
		// that ends with an error has reported it and exits with 0.
		"Restart":                "on-failure",
		"RestartUSec":            uint64(time.Second / time.Microsecond),
		"StartLimitBurst":        uint32(5),
		"StartLimitIntervalUSec": uint64(time.Hour / time.Microsecond),
		// To stop the unit is to let it finish its step: apt must not be cut off in dpkg.
		"KillMode":        "mixed",
		"TimeoutStopUSec": uint64(4 * time.Minute / time.Microsecond),
	}
	maps.Copy(properties, sandbox())
	return systemd.Transient{
		Unit:        WorkUnit,
		Description: "Docker VM extension " + o.Version + ": apply settings",
		Argv:        argv,
		Properties:  properties,
	}
}

// Stop ends the work unit at its next step, if it is working, and takes what waits off the desk.
func Stop(ctx context.Context, root files.Root, units WorkUnits) error {
	w := work{desk: desk{root}, units: units}
	unlock, err := root.Lock(ctx, deskLock)
	if err != nil {
		return err
	}
	err = errors.Join(root.Remove(orderFile), root.MakeDir(path.Dir(orderFile), 0o700))
	unlock()
	if err != nil {
		return err
	}
	busy, err := w.busy()
	if err != nil || !busy && !root.Exists(currentFile) && !root.Exists(endedFile) {
		return err
	}
	// With a current order and nobody at work, the unit has crashed and is about to be started again.
	if err := units.Stop(ctx, WorkUnit); err != nil {
		return err
	}
	return w.desk.clear()
}
