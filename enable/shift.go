package enable

import (
	"context"
	"io"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"docker-extension/handler"
	"docker-extension/internal/converge"
	"docker-extension/internal/fault"
	"docker-extension/internal/machine"
	"docker-extension/internal/oplog"
)

// shift is the work on one order.
type shift struct {
	Enable
	order   Order
	machine *machine.Machine
	watch   *watcher
	report  *handler.Reporter
	secrets *oplog.Redactor
	log     *logrus.Entry
	started time.Time
}

// serve works on one order and reports how it goes.
func (e Enable) serve(ctx context.Context, o Order, journal io.Writer) {
	s := shift{Enable: e, order: o, secrets: &oplog.Redactor{}, started: e.Now()}
	closeLog := s.openLog(journal)
	defer closeLog()
	s.machine = machine.New(e.Root, s.log)
	defer s.machine.Close()
	s.report = handler.NewReporter(e.Root.Following(), o.StatusFolder, o.Sequence, "Enable", o.Extension, e.Now).
		WithRedaction(s.secrets.Redact).WithLog(oplog.Path(o.LogFolder))
	if err := s.report.Reserve(); err != nil {
		s.log.WithError(err).Debug("no room is set aside for the last status")
	}
	defer s.report.Release()
	s.watch = e.watch(ctx, s.log)
	defer s.watch.stop()

	result, message, err := s.attempt(ctx)
	s.log = s.log.WithField("peak_memory_kib", peakMemory())
	if fault.CodeOf(err) == fault.Superseded && (desk{e.Root}).reportsLike(o) {
		s.log.Info("stopped: newer settings took over under the same sequence number")
		return
	}
	s.conclude(result, message, err)
}

// openLog opens the log of the order: the file in the agent's log folder, and the journal.
func (s *shift) openLog(journal io.Writer) (closeLog func()) {
	out, closeLog := journal, func() {}
	if file, err := oplog.OpenFile(s.Root.Following(), s.order.LogFolder); err == nil {
		out, closeLog = io.MultiWriter(file, journal), func() { _ = file.Close() }
	}
	s.log = oplog.New(out, s.secrets, false).WithFields(logrus.Fields{
		oplog.FieldOp: WorkVerb, oplog.FieldSeq: s.order.Sequence,
	})
	return closeLog
}

// attempt makes a fault of a panic, so that it is reported, and not tried again for ever.
func (s *shift) attempt(ctx context.Context) (result converge.Result, message string, err error) {
	defer func() {
		if value := recover(); value != nil {
			s.log.WithField("stack", string(debug.Stack())).Errorf("panic: %v", value)
			err = fault.New(fault.Internal, "", "report this with the log; it is a mistake in the extension",
				"the work stopped in the middle: the program has a fault")
		}
	}()
	return s.apply(ctx)
}

// apply parses the order and converges. It gives the sentence of success.
func (s *shift) apply(ctx context.Context) (converge.Result, string, error) {
	wanted, err := s.parse(s.order, s.secrets)
	if err != nil {
		return converge.Result{}, "", err
	}
	// A request to stop is heeded between two steps, not within one.
	ctx = context.WithoutCancel(ctx)
	c := converger(ctx, s.machine, wanted, s.log)
	c.Superseded = s.watch.superseded
	c.Report = s.progress
	result, err := c.Run(ctx)
	if err != nil {
		return result, "", err
	}
	message, err := success(ctx, s.machine, result.Goal)
	return result, message, err
}

// progress reports a run in the middle.
func (s *shift) progress(steps []converge.Progress) {
	if err := s.report.Report(handler.Transitioning, inProgress(steps), substatuses(steps)); err != nil {
		s.log.WithError(err).Error("cannot write the status")
	}
}

// conclude says how it ended, in the status, in an event and in the log.
func (s *shift) conclude(result converge.Result, message string, err error) {
	if err := (desk{s.Root}).end(); err != nil {
		s.log.WithError(err).Error("cannot mark the order as done")
	}
	level, details := handler.Success, append(substatuses(begun(result.Steps)), noteSubstatuses(result.Notes)...)
	var reportErr error
	if err != nil {
		level, message = handler.Error, s.report.Sentence(err)
		reportErr = s.report.Fail(err, details)
		s.log.WithField("code", fault.CodeOf(err)).Error("failed: " + message)
	} else {
		reportErr = s.report.Report(level, message, details)
		s.log.Info("done: " + message)
		s.wipeEarlier(s.order.ConfigFolder, s.order.Sequence, s.log)
	}
	events := handler.Events{
		Root: s.Root.Following(), Folder: s.order.EventsFolder, Version: s.order.Version,
		Operation: handler.NewOperationID(), Now: s.Now,
	}
	for _, err := range []error{reportErr, events.Write(level, WorkVerb, message), s.record(level, message, result, err)} {
		if err != nil {
			s.log.WithError(err).Error("cannot report")
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
