package vm

import (
	"context"
	"fmt"
	"time"

	"docker-extension/cli/person"
	"docker-extension/handler"
	"docker-extension/internal/fault"
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
	follow := progress{looker: l, said: map[string]bool{}}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		now, there := handler.ReadStatus(l.Root, call.Environment.StatusFolder, call.Sequence)
		follow.show(now, there)
		if l.over(now, there) {
			return l.ended(ctx, now)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fault.New(fault.Superseded, "", "", "stopped waiting: %w", ctx.Err())
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

// progress shows a run while it goes on: in place on a terminal, else each new line once.
type progress struct {
	looker
	said  map[string]bool
	drawn int
}

func (p *progress) show(s handler.LastStatus, there bool) {
	if !there || p.JSON {
		return
	}
	lines := []string{s.Status + ": " + s.Message}
	for _, sub := range s.Substatuses {
		lines = append(lines, "  "+sub.Name+": "+sub.Message)
	}
	if p.Width == 0 {
		for _, line := range lines {
			if !p.said[line] {
				p.said[line] = true
				p.Say("%s", line)
			}
		}
		return
	}
	if p.drawn > 0 {
		fmt.Fprintf(p.Out, "\x1b[%dA", p.drawn)
	}
	for _, line := range lines {
		fmt.Fprintf(p.Out, "\x1b[2K%s\n", cut(line, p.Width))
	}
	fmt.Fprint(p.Out, "\x1b[J")
	p.drawn = len(lines)
}

func cut(line string, width int) string {
	if runes := []rune(line); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return line
}
