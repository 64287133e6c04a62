package handler

import (
	"context"
	"runtime/debug"
	"time"

	"docker-extension/internal/fault"
)

const (
	// margin is what a verb has to leave of the agent's time: enough to stop and to report. When the
	// time is over the agent kills the command, and nobody writes a status.
	margin       = 20 * time.Second
	defaultGrace = 10 * time.Second
)

// agentTimeout is how long the agent lets a command run before it kills its process group
// (azurelinuxagent/ga/exthandlers.py, the callers of launch_command).
func agentTimeout(operation string) time.Duration {
	switch operation {
	case "install", "disable", "update":
		return 900 * time.Second
	}
	return 300 * time.Second
}

// alone runs a verb while no other runs. The agent runs one command at a time, but not one that it
// gave up on, nor one that a person started.
func (h Handler) alone(ctx context.Context, call *Call, verb Verb) (Outcome, error) {
	timeout := agentTimeout(call.Operation)
	ctx, cancel := context.WithTimeout(ctx, timeout-margin)
	defer cancel()

	// Half of the time is for waiting, so that what is left is worth starting with.
	waiting, stopWaiting := context.WithTimeout(ctx, timeout/2)
	defer stopWaiting()
	unlock, err := h.Root.Lock(waiting, LockPath)
	if err != nil {
		return Outcome{}, err
	}
	defer unlock()
	return h.perform(ctx, call, verb)
}

type result struct {
	outcome Outcome
	err     error
}

// perform runs a verb and gives up on one that does not stop when its context has ended.
func (h Handler) perform(ctx context.Context, call *Call, verb Verb) (Outcome, error) {
	ended := make(chan result, 1)
	go func() { ended <- attempt(ctx, call, verb) }()
	select {
	case r := <-ended:
		return r.outcome, r.err
	case <-ctx.Done():
	}

	grace := h.grace
	if grace == 0 {
		grace = defaultGrace
	}
	select {
	case r := <-ended:
		return r.outcome, r.err
	case <-time.After(grace):
		return Outcome{}, fault.New(fault.Internal, "", "try again; if it happens again, report it with the log",
			"%s was told to stop and did not: %w", call.Operation, context.Cause(ctx))
	}
}

// attempt makes a fault of a panic. What the panic says goes to the log only: nobody has seen to it
// that it is fit for a person, or free of secrets that the log does not know.
func attempt(ctx context.Context, call *Call, verb Verb) (r result) {
	defer func() {
		if value := recover(); value != nil {
			call.Log.WithField("stack", string(debug.Stack())).Errorf("panic: %v", value)
			r = result{err: fault.New(fault.Internal, "", "report this with the log; it is a mistake in the extension",
				"%s stopped in the middle: the program has a fault", call.Operation)}
		}
	}()
	outcome, err := verb(ctx, call)
	return result{outcome, err}
}
