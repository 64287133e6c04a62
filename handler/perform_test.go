package handler

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"docker-extension/internal/fault"
)

// TestRunLetsOneVerbInAtATime runs five at once, and looks from inside whether the lock is held.
func TestRunLetsOneVerbInAtATime(t *testing.T) {
	var inside, runs atomic.Int32
	var a *agentSide
	a = newAgentSide(t, func(context.Context, *Call) (Outcome, error) {
		if n := inside.Add(1); n != 1 {
			t.Errorf("%d verbs run at once", n)
		}
		if _, ok, err := a.root.TryLock(LockPath); ok || err != nil {
			t.Errorf("the lock is free while a verb runs (%v)", err)
		}
		inside.Add(-1)
		runs.Add(1)
		return Outcome{Status: Success}, nil
	}, envSequence, "3")
	var all sync.WaitGroup
	for range 5 {
		h := a.Handler
		h.Stdout, h.Stderr = &bytes.Buffer{}, &bytes.Buffer{}
		all.Go(func() {
			if exit := h.Run(t.Context(), "enable"); exit != 0 {
				t.Errorf("exit %d, stderr %s", exit, h.Stderr)
			}
		})
	}
	all.Wait()
	if runs.Load() != 5 {
		t.Errorf("%d verbs ran, want 5", runs.Load())
	}
	if unlock, ok, err := a.root.TryLock(LockPath); !ok {
		t.Errorf("the lock is held after the last verb (%v)", err)
	} else {
		unlock()
	}
}

func TestRunGivesUpOnALockThatIsNotLetGo(t *testing.T) {
	a := newAgentSide(t, succeed, envSequence, "3")
	unlock, err := a.root.Lock(t.Context(), LockPath)
	must(t, err)
	defer unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if exit := a.Run(ctx, "enable"); exit != int(fault.Busy) {
		t.Errorf("exit %d", exit)
	}
	if _, doc := statusFile(t, a.root, base+"/status/3.status"); doc.Status.Code != fault.Busy {
		t.Errorf("status is %+v", doc.Status)
	}
}

func TestRunEndsAVerbInTime(t *testing.T) {
	var left time.Duration
	a := newAgentSide(t, func(ctx context.Context, _ *Call) (Outcome, error) {
		deadline, _ := ctx.Deadline()
		left = time.Until(deadline)
		return Outcome{}, nil
	})
	for verb, most := range map[string]time.Duration{"install": 900, "enable": 300, "disable": 900, "update": 900, "uninstall": 300} {
		a.Run(t.Context(), verb)
		most *= time.Second
		if left > most-defaultGrace || left < most/2 {
			t.Errorf("%s has %v of the agent's %v", verb, left, most)
		}
	}
}

func TestRunGivesUpOnAVerbThatDoesNotStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	stuck := make(chan struct{})
	defer close(stuck)
	a := newAgentSide(t, func(context.Context, *Call) (Outcome, error) {
		cancel()
		<-stuck
		return Outcome{}, nil
	}, envSequence, "3")
	if exit := a.Run(ctx, "enable"); exit != int(fault.Internal) || !strings.Contains(a.stderr.String(), "was told to stop and did not") {
		t.Errorf("exit %d, stderr %q", exit, a.stderr.String())
	}
	if _, doc := statusFile(t, a.root, base+"/status/3.status"); doc.Status.Status != "error" {
		t.Errorf("status is %+v", doc.Status)
	}
}

func TestRunLetsAVerbStopInItsOwnWords(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := newAgentSide(t, func(ctx context.Context, _ *Call) (Outcome, error) {
		cancel()
		<-ctx.Done()
		return Outcome{}, fault.New(fault.Superseded, "", "", "stopped at the border of a step")
	}, envSequence, "3")
	a.grace = time.Minute
	if exit := a.Run(ctx, "enable"); exit != int(fault.Superseded) {
		t.Errorf("exit %d, stderr %q", exit, a.stderr.String())
	}
}
