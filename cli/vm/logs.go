package vm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"docker-extension/cli/person"
	"docker-extension/internal/fault"
	"docker-extension/internal/oplog"
)

func logsCommand(p *person.Person) *cobra.Command {
	l := looker{Person: p}
	follow, lines := false, 100
	c := &cobra.Command{
		Use:   "logs",
		Short: "Show the extension's log",
		Long: `Show the end of the extension's log, which has every run, step by step, and the programs that it started. Secrets
are not in it. With --output json each line is a JSON object with time, level, msg, and the fields of the line.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return l.logs(c.Context(), lines, follow) },
	}
	handlerFlag(c, &l)
	c.Flags().BoolVarP(&follow, "follow", "f", false, "go on with what is written from now on")
	c.Flags().IntVarP(&lines, "lines", "n", lines, "how many `LINES` to show; 0 for all")
	return c
}

func (l looker) logs(ctx context.Context, lines int, follow bool) error {
	if err := l.mayLook(); err != nil {
		return err
	}
	if lines < 0 {
		return fault.New(fault.Usage, "--lines", "use 0 for all", "cannot be less than 0")
	}
	call, err := l.deployed()
	if err != nil {
		return err
	}
	log := oplog.Path(call.Environment.LogFolder)
	old, err := l.Root.Read(log + oplog.OldSuffix)
	if err != nil {
		return err
	}
	file, err := l.Root.Read(log)
	if err != nil {
		return err
	}
	text := append(old.Content, file.Content...)
	for line := range bytes.Lines(last(text, lines)) {
		l.showLogLine(string(line))
	}
	if !follow {
		return nil
	}
	f := follower{looker: l, path: log, offset: int64(len(file.Content))}
	return f.follow(ctx)
}

// last gives the last lines of a text; all for 0.
func last(text []byte, lines int) []byte {
	if lines == 0 {
		return text
	}
	end := len(bytes.TrimRight(text, "\n"))
	for i := end - 1; i >= 0; i-- {
		if text[i] != '\n' {
			continue
		}
		if lines--; lines == 0 {
			return text[i+1:]
		}
	}
	return text
}

func (l looker) showLogLine(line string) {
	line = strings.TrimRight(line, "\n")
	fields := oplog.Fields(line)
	if l.JSON {
		text, err := json.Marshal(fields)
		if err == nil {
			fmt.Fprintf(l.Out, "%s\n", text)
		}
		return
	}
	style := map[string]person.Style{"error": person.Bad, "fatal": person.Bad, "warning": person.Warn, "debug": person.Dim}[fields["level"]]
	l.Say("%s", l.Paint(style, line))
}

// follower goes on with a log that others write to and put aside.
type follower struct {
	looker
	path   string
	offset int64
	rest   []byte // a line that has not come to its end
}

// follow shows what is written, until ctx ends.
func (f *follower) follow(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if err := f.catchUp(); err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// catchUp shows what has been written since.
func (f *follower) catchUp() error {
	text, next, err := f.Root.ReadFrom(f.path, f.offset)
	if err != nil {
		return err
	}
	if next < f.offset {
		f.rest = nil // the end of a file that has been put aside
	}
	f.offset, f.rest = next, append(f.rest, text...)
	for {
		i := bytes.IndexByte(f.rest, '\n')
		if i < 0 {
			return nil
		}
		f.showLogLine(string(f.rest[:i]))
		f.rest = f.rest[i+1:]
	}
}
