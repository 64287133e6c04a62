package patience

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/cenkalti/backoff/v5"

	"docker-extension/internal/fault"
)

func soon() backoff.BackOff { return backoff.NewConstantBackOff(time.Millisecond) }

// failing fails that often, in the way that it is told to.
func failing(times int, err error) (try func() error, tries *int) {
	tries = new(int)
	return func() error {
		*tries++
		if *tries > times {
			return nil
		}
		return err
	}, tries
}

func TestRetry(t *testing.T) {
	locked := errors.New("locked")
	tests := []struct {
		name   string
		budget time.Duration
		fails  int
		err    error
		tries  int
		want   error
	}{
		{"at once", time.Minute, 0, nil, 1, nil},
		{"after a while", time.Minute, 3, Later("apt", locked), 4, nil},
		{"not to be waited for", time.Minute, 3, locked, 1, locked},
		{"no patience", 0, 3, Later("apt", locked), 1, locked},
		{"used up", 3 * time.Millisecond, 1000000, Later("apt", locked), 0, locked},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			try, tries := failing(test.fails, test.err)
			err := New(test.budget, nil, nil).Retry(t.Context(), soon(), try)
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if test.tries != 0 && *tries != test.tries {
				t.Errorf("%d tries, want %d", *tries, test.tries)
			}
		})
	}
}

// The budget is the run's: what one wait has used up another one lacks.
func TestBudgetIsForAllWaits(t *testing.T) {
	p := New(5*time.Millisecond, nil, nil)
	locked := Later("apt", errors.New("locked"))
	if err := p.Retry(t.Context(), soon(), func() error { return locked }); err == nil {
		t.Fatal("no end")
	}
	for p.left > 0 {
		p.spend(time.Millisecond)
	}
	try, tries := failing(1, locked)
	if err := p.Retry(t.Context(), soon(), try); err == nil || *tries != 1 {
		t.Errorf("%d tries, error %v", *tries, err)
	}
}

func TestGivesWay(t *testing.T) {
	unwanted := make(chan struct{})
	p := New(time.Hour, unwanted, nil)
	err := p.Retry(t.Context(), backoff.NewConstantBackOff(30*time.Minute), func() error {
		time.AfterFunc(10*time.Millisecond, func() { close(unwanted) })
		return Later("apt", errors.New("locked"))
	})
	if fault.CodeOf(err) != fault.Superseded {
		t.Errorf("got %v", err)
	}
}

// Who has a deadline of his own hears the reason before it, not after.
func TestDeadlineOfTheCaller(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), margin/2)
	defer cancel()
	locked := errors.New("locked")
	if err := Of(ctx).Retry(ctx, soon(), func() error { return Later("apt", locked) }); !errors.Is(err, locked) {
		t.Errorf("got %v", err)
	}
}

func TestTells(t *testing.T) {
	var said []string
	p := New(time.Minute, nil, func(text string) { said = append(said, text) })
	tries := 0
	err := Of(With(t.Context(), p)).Retry(t.Context(), soon(), func() error {
		tries++
		switch {
		case tries < 4:
			return Later("apt-get (process 7)", errors.New("locked"))
		case tries < 6:
			return Later("the mirror", errors.New("down"))
		}
		return nil
	})
	if err != nil || len(said) != 2 || !strings.HasPrefix(said[0], "waiting for apt-get (process 7); for 0s so far, until ") ||
		!strings.HasPrefix(said[1], "waiting for the mirror; ") {
		t.Errorf("said %q, error %v", said, err)
	}
}
