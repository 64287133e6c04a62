// Package handler keeps the contract between an extension and the Azure Linux Agent: where the
// agent puts its files, how it names the settings, what it wants to read in a status file, how long
// it waits, and what it does with the output and the exit code of a command.
//
// It knows nothing of what the extension does. The verbs are given to it as functions; each is run
// alone, within the agent's time limit, and its end is reported in every place where the agent or a
// person looks: status file, output, exit code, log and events.
//
// The facts come from the agent's source, github.com/Azure/WALinuxAgent, of versions 2.7.3 and 2.15.
package handler

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/oplog"
)

// LockPath is the lock that a verb holds while it runs. It is in /run, so that it is there before
// any disk of ours is, and gone after a reboot.
const LockPath = "/run/docker-extension/verb.lock"

// Handler runs verbs. All exported fields must be set.
type Handler struct {
	Root       files.Root
	Executable string // absolute path of this program, below Root
	Version    string // of this program, for when the agent does not name one
	Getenv     func(string) string
	Stdout     io.Writer
	Stderr     io.Writer
	Now        func() time.Time
	Verbs      map[string]Verb

	grace time.Duration // how long a verb may take to stop when it is told to; 0 = defaultGrace
}

// Run runs the verb called operation and gives the exit code of the process: 0, or the code of the
// fault that stopped it. An error is in the status file before Run returns, because the agent shows
// a failed command without a status as "transitioning", and the platform then waits for 90 minutes.
func (h Handler) Run(ctx context.Context, operation string) int {
	verb, ok := h.Verbs[operation]
	if !ok {
		return h.usage(operation)
	}
	call, closeLog, err := h.newCall(operation)
	if err != nil {
		fmt.Fprintln(h.Stderr, line(fault.Sentence(err, 0), MessageMax))
		return int(codeOf(err))
	}
	defer closeLog()

	start := h.Now()
	call.Log.WithField("version", call.Version).Info("started")
	outcome, err := h.alone(ctx, call, verb)
	call.Log = call.Log.WithField(oplog.FieldTook, h.Now().Sub(start).Round(time.Millisecond).String())
	return h.conclude(call, outcome, err)
}

func (h Handler) usage(operation string) int {
	verbs := slices.Sorted(maps.Keys(h.Verbs))
	fmt.Fprintf(h.Stderr, "unknown command %q\nusage: %s %s\n",
		fault.Shorten(operation, 40), filepath.Base(h.Executable), strings.Join(verbs, "|"))
	return int(fault.Usage)
}

// newCall finds out what the agent wants. Its errors can only be printed: without the status folder
// and the sequence number there is no status file to write.
func (h Handler) newCall(operation string) (call *Call, closeLog func(), err error) {
	// The agent's folders are where the agent has put them, or root its folders.
	root := h.Root.Following()
	env, dir, err := FindEnvironment(root, h.Getenv, h.Executable)
	if err != nil {
		return nil, nil, err
	}
	sequence, err := findSequence(root, h.Getenv, env.ConfigFolder)
	if err != nil {
		return nil, nil, err
	}
	name := env.Name
	if name == "" {
		name = filepath.Base(h.Executable)
	}
	version := h.Getenv(envExtensionVersion)
	if version == "" {
		version = h.Version
	}
	call = &Call{
		Operation: operation, Environment: env, Sequence: sequence, HandlerDir: dir, Version: version,
		UpdatingFrom: h.Getenv(envUpdatingFrom), TargetVersion: h.Getenv(envTargetVersion),
		Report:       NewReporter(root, env.StatusFolder, sequence, operation, name, h.Now),
		Secrets:      &oplog.Redactor{},
		ReadSettings: settingsReader(root, env.ConfigFolder, sequence),
	}
	call.Report.WithRedaction(call.Secrets.Redact)
	return call, h.openLog(call), nil
}

// openLog gives the call its log. Where the file cannot be written the log goes nowhere: it must
// not go to the output, of which the agent shows the first 3,200 bytes.
func (h Handler) openLog(call *Call) (closeLog func()) {
	var out io.Writer = io.Discard
	closeLog = func() {}
	if folder := call.Environment.LogFolder; folder != "" {
		if file, err := oplog.OpenFile(h.Root.Following(), folder); err == nil {
			out, closeLog = file, func() { file.Close() }
			call.Report.WithLog(oplog.Path(folder))
		}
	}
	call.Log = oplog.New(out, call.Secrets, false).WithFields(logrus.Fields{
		oplog.FieldOp: call.Operation, oplog.FieldSeq: call.Sequence,
	})
	return closeLog
}

// conclude says how it ended, in all places, the status file first. A status that cannot be written
// is a failure of its own, but does not hide the one that should have been in it.
func (h Handler) conclude(call *Call, outcome Outcome, err error) int {
	reportErr := report(call, outcome, err)
	if err == nil {
		err, reportErr = reportErr, nil
	}
	level, sentence, out := Success, call.Report.line(outcome.Message), h.Stdout
	if sentence == "" {
		sentence = call.Operation + " is done"
	}
	if err != nil {
		level, sentence, out = Error, call.Report.Sentence(err), h.Stderr
	}
	fmt.Fprintln(out, sentence)
	if reportErr != nil {
		fmt.Fprintln(h.Stderr, call.Report.Sentence(reportErr))
	}
	h.record(call, level, sentence, err)
	return int(codeOf(err))
}

func report(call *Call, outcome Outcome, err error) error {
	if err != nil {
		return call.Report.Fail(err, outcome.Substatuses)
	}
	return call.Report.Report(outcome.Status, outcome.Message, outcome.Substatuses)
}

// record writes the end into the log and into an event.
func (h Handler) record(call *Call, level Level, sentence string, err error) {
	if err != nil {
		call.Log.WithField("code", codeOf(err)).Error("failed: " + sentence)
	} else {
		call.Log.Info("done: " + sentence)
	}
	events := Events{Root: h.Root.Following(), Folder: call.Environment.EventsFolder, Version: call.Version,
		Operation: NewOperationID(), Now: h.Now}
	if err := events.Write(level, call.Operation, sentence); err != nil {
		call.Log.WithError(err).Warn("cannot leave an event for the agent")
	}
}
