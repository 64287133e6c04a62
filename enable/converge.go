package enable

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"

	"docker-extension/internal/fault"
)

// Work is what the work unit does: it takes the order from the desk, works on it, reports, and goes
// on with the next order if one has come in the meantime, in the program which that order brought
// along. It gives the exit code: 0 also for an error that has been reported, so that systemd starts
// the unit again only after a crash. The journal gets a copy of the log.
func (e Enable) Work(ctx context.Context, journal io.Writer) int {
	again, err := e.work(ctx, journal)
	if err == nil && again && ctx.Err() == nil {
		// #nosec G204 G702 -- the program is our own copy, in a folder of root; the arguments are our own
		err = syscall.Exec(e.Root.Path(program), os.Args, os.Environ())
	}
	if err != nil {
		fmt.Fprintln(journal, fault.Sentence(err, 0))
	}
	return int(fault.CodeOf(err))
}

func (e Enable) work(ctx context.Context, journal io.Writer) (again bool, err error) {
	d := desk{e.Root}
	// Not at the first try: enable takes the lock for a moment to see whether somebody works.
	patient, cancel := context.WithTimeout(ctx, takeOver)
	defer cancel()
	unlockWork, err := e.Root.Lock(patient, workLock)
	if err != nil {
		return false, err
	}
	order, there, err := takeOrder(ctx, d)
	if err != nil {
		return false, err
	}
	if there {
		e.serve(ctx, order, journal)
	}
	return finish(d, unlockWork)
}

func takeOrder(ctx context.Context, d desk) (Order, bool, error) {
	unlock, err := d.root.Lock(ctx, deskLock)
	if err != nil {
		return Order{}, false, err
	}
	defer unlock()
	return d.next()
}

// finish ends the work unless another order waits. Whoever puts an order on the desk finds us either
// still working, and then we see the order here, or gone, and then starts us.
func finish(d desk, unlockWork func()) (again bool, err error) {
	unlock, err := d.root.Lock(context.Background(), deskLock)
	if err != nil {
		return false, err
	}
	defer unlock()
	if d.root.Exists(orderFile) {
		return true, nil
	}
	// What a run that was cut off left here is of no use any more. The lock keeps others from writing.
	if err := d.root.SweepFolder(runFolder); err != nil {
		return false, err
	}
	unlockWork()
	return false, d.clear()
}
