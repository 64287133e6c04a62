// Package patience is how a step waits for others: another package manager, a mirror, a resolver. Who
// waits says for whom, keeps to a budget that the whole run has, and gives way at once when newer
// settings have come: it has touched nothing yet.
package patience

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"docker-extension/internal/fault"
)

const (
	// Default is the budget of a run that was given none.
	Default = 15 * time.Minute
	// sayEvery is how often a wait that goes on is told again, so that a reader sees that it does.
	sayEvery = 15 * time.Second
	// margin is what a wait leaves of the time that its caller has: enough to report why it failed.
	margin = 15 * time.Second
)

// Patience is that of one run. It is safe for use by several goroutines.
type Patience struct {
	unwanted <-chan struct{}
	say      func(string)

	mu   sync.Mutex
	left time.Duration
}

// New gives the patience of a run: a budget for all its waiting, 0 for a single try; a channel that is
// closed when nobody wants the run's goal any more, nil for never; and who is told of a wait, nil for
// nobody.
func New(budget time.Duration, unwanted <-chan struct{}, say func(string)) *Patience {
	if say == nil {
		say = func(string) {}
	}
	return &Patience{unwanted: unwanted, say: say, left: budget}
}

type key struct{}

// With gives a context that carries p, beside its deadline, to where the waiting is done.
func With(ctx context.Context, p *Patience) context.Context { return context.WithValue(ctx, key{}, p) }

// Of gives the patience in ctx, or one with the Default budget and nobody to tell.
func Of(ctx context.Context) *Patience {
	if p, ok := ctx.Value(key{}).(*Patience); ok {
		return p
	}
	return New(Default, nil, nil)
}

// Unwanted is closed when nobody wants the run's goal any more. It is nil if that cannot happen.
func (p *Patience) Unwanted() <-chan struct{} { return p.unwanted }

// Superseded gives the fault of a run that gave way, or nil if it is still wanted.
func (p *Patience) Superseded() error {
	select {
	case <-p.unwanted:
		return fault.New(fault.Superseded, "", "", "stopped while it waited: newer settings took over")
	default:
		return nil
	}
}

// later is an error that may go away by itself.
type later struct {
	error
	what string
}

// Unwrap gives the error itself.
func (l later) Unwrap() error { return l.error }

// Later marks an error of a try as one that may go away by itself; what says whom or what the next try
// waits for. It is Retry's to take the mark off again.
func Later(what string, err error) error { return later{err, what} }

// Retry tries until there is no error, or one that is not marked with Later, or the budget is used up: then
// the last error is given, without its mark. Between two tries it waits as pause says. It gives the fault of
// Superseded as soon as nobody wants the goal any more, and the last error when ctx is about to end.
func (p *Patience) Retry(ctx context.Context, pause backoff.BackOff, try func() error) error {
	waiting, stop := p.waiting(ctx)
	defer stop()
	budget := p.budget(ctx)
	n := p.notice(budget)
	var last error
	_, err := backoff.Retry(waiting, func() (struct{}, error) {
		last = try()
		marked, ok := last.(later) // at the top only: deeper down it would be another Retry's
		if ok {
			last = marked.error
			n.what = marked.what
		}
		if last != nil && (!ok || budget <= 0) {
			return struct{}{}, backoff.Permanent(last)
		}
		return struct{}{}, last
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(budget), backoff.WithNotify(func(_ error, next time.Duration) {
		p.spend(next)
		n.tell()
	}))
	if err == nil {
		return nil
	}
	if superseded := p.Superseded(); superseded != nil {
		return superseded
	}
	return last
}

// Outage gives the pauses between tries while a network, a name server or a mirror is away: longer and
// longer ones from the first, which is 2 s if it is 0, to half a minute.
func Outage(first time.Duration) backoff.BackOff {
	pauses := backoff.NewExponentialBackOff()
	if pauses.InitialInterval = first; first == 0 {
		pauses.InitialInterval = 2 * time.Second
	}
	pauses.MaxInterval = 30 * time.Second
	return pauses
}

// waiting gives a context that ends with ctx, and when nobody wants the goal any more.
func (p *Patience) waiting(ctx context.Context) (context.Context, context.CancelFunc) {
	waiting, cancel := context.WithCancel(ctx)
	if p.unwanted != nil {
		go func() {
			select {
			case <-p.unwanted:
				cancel()
			case <-waiting.Done():
			}
		}()
	}
	return waiting, cancel
}

// budget gives what may still be waited.
func (p *Patience) budget(ctx context.Context) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if deadline, ok := ctx.Deadline(); ok {
		return min(p.left, time.Until(deadline)-margin)
	}
	return p.left
}

func (p *Patience) spend(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left -= d
}

// notice tells of one wait: when it begins, when it is for something else, and now and then.
type notice struct {
	say        func(string)
	what, told string
	begun, at  time.Time
	until      time.Time
}

func (p *Patience) notice(budget time.Duration) *notice {
	now := time.Now()
	return &notice{say: p.say, begun: now, until: now.Add(budget)}
}

func (n *notice) tell() {
	now := time.Now()
	if n.what == n.told && now.Sub(n.at) < sayEvery {
		return
	}
	n.told, n.at = n.what, now
	n.say(fmt.Sprintf("waiting for %s; for %s so far, until %s UTC at most",
		n.what, now.Sub(n.begun).Round(time.Second), n.until.UTC().Format("15:04:05")))
}
