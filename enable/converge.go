package enable

import (
	"context"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/sirupsen/logrus"

	"docker-extension/handler"
	"docker-extension/internal/converge"
	"docker-extension/internal/fault"
	"docker-extension/internal/machine"
	"docker-extension/internal/oplog"
)

// Work is what the work unit does: it takes the order from the desk, works on it, reports, and goes
// on with the next order if one has come in the meantime, in the program which that order brought
// along. It gives the exit code: 0 also for an error that has been reported, so that systemd starts
// the unit again only after a crash. The journal gets a copy of the log.
func (e Enable) Work(ctx context.Context, journal io.Writer) int {
	again, err := e.work(ctx, journal)
	if err == nil && again && ctx.Err() == nil {
		err = syscall.Exec(e.Root.Path(program), os.Args, os.Environ())
	}
	if err != nil {
		fmt.Fprintln(journal, fault.Sentence(err, 0))
	}
	return int(fault.CodeOf(err))
}

func (e Enable) work(ctx context.Context, journal io.Writer) (again bool, err error) {
	d := desk{e.Root}
	unlockWork, free, err := e.Root.TryLock(workLock)
	if err == nil && !free {
		err = fault.New(fault.Busy, workLock, "", "cannot work: another work unit does")
	}
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
	unlockWork()
	return false, d.root.Remove(currentFile)
}

// serve works on one order and reports how it goes.
func (e Enable) serve(ctx context.Context, o Order, journal io.Writer) {
	secrets := &oplog.Redactor{}
	log, closeLog := e.openLog(o, secrets, journal)
	defer closeLog()
	m := machine.New(e.Root, log)
	defer m.Close()
	report := handler.NewReporter(e.Root, o.StatusFolder, o.Sequence, "Enable", o.Extension, e.Now).
		WithRedaction(secrets.Redact).WithLog(oplog.Path(o.LogFolder))
	watch := e.watch(ctx, log)
	defer watch.stop()

	result, message, err := e.apply(ctx, m, o, secrets, report, watch, log)
	log = log.WithField("peak_memory_kib", peakMemory())
	if fault.CodeOf(err) == fault.Superseded && (desk{e.Root}).reportsLike(o) {
		log.Info("stopped: newer settings took over under the same sequence number")
		return
	}
	e.conclude(o, result, message, err, report, log)
}

// openLog gives the log of an order: the file in the agent's log folder, and the journal.
func (e Enable) openLog(o Order, secrets *oplog.Redactor, journal io.Writer) (*logrus.Entry, func()) {
	out, closeLog := journal, func() {}
	if file, err := oplog.OpenFile(e.Root, o.LogFolder); err == nil {
		out, closeLog = io.MultiWriter(file, journal), func() { _ = file.Close() }
	}
	log := oplog.New(out, secrets, false)
	return log.WithFields(logrus.Fields{oplog.FieldOp: WorkVerb, oplog.FieldSeq: o.Sequence}), closeLog
}

// apply parses the order and converges. Its error has been logged nowhere yet.
func (e Enable) apply(ctx context.Context, m *machine.Machine, o Order, secrets *oplog.Redactor,
	report *handler.Reporter, watch *watcher, log *logrus.Entry) (converge.Result, string, error) {
	s, err := e.parse(o, secrets)
	if err != nil {
		return converge.Result{}, "", err
	}
	c := converger(m, s, log)
	c.Superseded = watch.superseded.Load
	c.Report = func(steps []converge.Progress) {
		message := inProgress(steps)
		if err := report.Report(handler.Transitioning, message, substatuses(steps)); err != nil {
			log.WithError(err).Error("cannot write the status")
		}
	}
	// A request to stop is heeded between two steps, not within one.
	ctx = context.WithoutCancel(ctx)
	result, err := c.Run(ctx)
	if err != nil {
		return result, "", err
	}
	message, err := success(ctx, m, result.Goal)
	return result, message, err
}

// conclude says how it ended, in the status, in an event and in the log.
func (e Enable) conclude(o Order, result converge.Result, message string, err error, report *handler.Reporter, log *logrus.Entry) {
	level, details := handler.Success, append(substatuses(begun(result.Steps)), noteSubstatuses(result.Notes)...)
	var reportErr error
	if err != nil {
		level, message = handler.Error, report.Sentence(err)
		reportErr = report.Fail(err, details)
		log.WithField("code", fault.CodeOf(err)).Error("failed: " + message)
	} else {
		reportErr = report.Report(level, message, details)
		log.Info("done: " + message)
	}
	events := handler.Events{Root: e.Root, Folder: o.EventsFolder, Version: o.Version, Operation: handler.NewOperationID(), Now: e.Now}
	for _, err := range []error{reportErr, events.Write(level, WorkVerb, message)} {
		if err != nil {
			log.WithError(err).Error("cannot report")
		}
	}
}

// peakMemory gives the largest resident size that this process had, in KiB (getrusage(2)).
func peakMemory() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return usage.Maxrss
}
