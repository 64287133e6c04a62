package agent

import (
	"context"
	"fmt"
	"reflect"
	"time"
)

// Poll is how often WaitTerminal looks at the status file. The agent itself looks every 6 seconds;
// looking more often shows more of the walk.
const Poll = 50 * time.Millisecond

// Walk is the distinct statuses that were seen one after the other.
type Walk []Status

// States gives the top states of the walk, without repetitions.
func (w Walk) States() []string {
	var states []string
	for _, status := range w {
		if len(states) == 0 || states[len(states)-1] != status.State {
			states = append(states, status.State)
		}
	}
	return states
}

// Last gives the newest status; the zero value for an empty walk.
func (w Walk) Last() Status {
	if len(w) == 0 {
		return Status{}
	}
	return w[len(w)-1]
}

// WaitTerminal follows the status file of the newest sequence number until it says success or error,
// or ctx ends. seen, if not nil, is called for each new status. Unlike the agent it also follows the
// file of a handler without settings, number 0: the handler writes it, and tests need the end.
func (a *Agent) WaitTerminal(ctx context.Context, seen func(Status)) (Walk, error) {
	var walk Walk
	ticker := time.NewTicker(Poll)
	defer ticker.Stop()
	for {
		status, err := a.newest()
		if err != nil {
			return walk, err
		}
		if len(walk) == 0 || !reflect.DeepEqual(walk.Last(), status) {
			walk = append(walk, status)
			if seen != nil {
				seen(status)
			}
		}
		if status.Terminal() {
			return walk, nil
		}
		select {
		case <-ctx.Done():
			return walk, fmt.Errorf("the status is still %q: %w", status.State, ctx.Err())
		case <-ticker.C:
		}
	}
}

func (a *Agent) newest() (Status, error) {
	h, ok := a.Current()
	if !ok {
		return Status{}, ErrAbsent
	}
	seq, _, _ := h.sequence()
	return a.StatusOf(h, seq)
}
