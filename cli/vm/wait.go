package vm

import (
	"context"
	"fmt"
	"time"

	"docker-extension/cli/person"
	"docker-extension/handler"
	"docker-extension/internal/fault"
	"docker-extension/internal/host/terminal"
)

// lookEvery is how often wait looks at the status file.
const lookEvery = 200 * time.Millisecond

// wait shows a run until it has ended, and ends with its code.
func (l looker) wait(ctx context.Context) error {
	if err := l.mayLook(); err != nil {
		return err
	}
	call, err := l.deployed()
	if err != nil {
		return err
	}
	follow := l.progress()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for first := true; ; first = false {
		now, there := handler.ReadStatus(l.Root, call.Environment.StatusFolder, call.Sequence)
		over := l.over(now, there)
		if there && !(over && first) {
			follow.show(now)
		}
		if over {
			follow.end()
			return l.ended(ctx, now)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fault.New(fault.Busy, "", "look again with `docker-extension status`", "stopped waiting: the run goes on")
		}
	}
}

// over tells whether there is nothing to wait for: the status is final, or nobody works on one.
func (l looker) over(now handler.LastStatus, there bool) bool {
	if !there {
		return !l.working()
	}
	return now.Status != handler.Transitioning.String()
}

// ended shows the whole, and gives the run's own code.
func (l looker) ended(ctx context.Context, last handler.LastStatus) error {
	if err := l.status(ctx); err != nil {
		return err
	}
	if last.Code != fault.OK {
		return person.ErrTold{Code: last.Code}
	}
	return nil
}

// progress shows a run while it goes on. In an answer in JSON there is no room for it.
type progress struct {
	terminal.Board
	silent, shown bool
}

func (l looker) progress() *progress {
	return &progress{Board: terminal.Board{Out: l.Out, Width: l.Width}, silent: l.JSON}
}

func (p *progress) show(s handler.LastStatus) {
	if p.silent {
		return
	}
	p.shown = true
	rows := make([]person.Row, len(s.Substatuses))
	for i, sub := range s.Substatuses {
		rows[i] = person.Row{Cells: []string{mark(sub.Status), sub.Name, sub.Message}}
	}
	p.Show(append([]string{mark(s.Status) + " " + s.Message}, person.Align("  ", rows)...))
}

// end sets what comes next apart.
func (p *progress) end() {
	if p.shown {
		fmt.Fprintln(p.Out)
	}
}

// mark is what is seen of a status before it is read.
func mark(status string) string {
	return map[string]string{
		handler.Success.String(): "✓", handler.Error.String(): "✗", handler.Transitioning.String(): "…",
	}[status]
}
