package vm

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"docker-extension/cli/person"
	"docker-extension/internal/fault"
	"docker-extension/internal/preview"
)

func planCommand(p *person.Person) *cobra.Command {
	l := looker{Person: p}
	settings := ""
	c := &cobra.Command{
		Use:   "plan [PUBLIC [PROTECTED]]",
		Short: "Show what the next enable would change, and change nothing",
		Long: `Show the steps that the next enable would take, in their order: files as unified diffs, packages, units, accounts,
containers. Secrets are hidden. Nothing is changed, no lock is taken, and the network is not needed.

Without files it is about the newest settings that the agent has put on this VM; with files, about those instead.
"-" is the standard input.`,
		Example: `  sudo docker-extension plan
  sudo docker-extension plan public.json protected.json`,
		Args:              cobra.MaximumNArgs(2),
		ValidArgsFunction: cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveFilterFileExt),
		RunE:              func(c *cobra.Command, args []string) error { return l.plan(c.Context(), settings, args) },
	}
	handlerFlag(c, &l)
	c.Flags().StringVar(&settings, "settings", "", "`FILE` as the agent writes it (N.settings), instead of the newest")
	_ = c.MarkFlagFilename("settings", "settings")
	return c
}

func handlerFlag(c *cobra.Command, l *looker) {
	c.Flags().StringVar(&l.handler, "handler", "", "`DIR` of the extension, if it is not found by itself")
	_ = c.MarkFlagDirname("handler")
}

// plannedChange is the answer. The names of its fields stay.
type plannedChange struct {
	Sequence *int `json:"sequence,omitempty"` // of the settings
	preview.Document
}

func (l looker) plan(ctx context.Context, settings string, args []string) error {
	if err := l.mayLook(); err != nil {
		return err
	}
	from, err := l.source(ctx, settings, args)
	if err != nil {
		return err
	}
	look, err := l.enable().Preview(ctx, from.order, from.secrets)
	if err != nil {
		return redacted(err, from.secrets.Redact)
	}
	d := plannedChange{from.sequence, preview.Make(look.Goal, look.Steps, l.hide(from.secrets))}
	return l.Answer(d, func() { l.showPlan(d) })
}

func (l looker) source(ctx context.Context, settings string, args []string) (source, error) {
	switch {
	case settings != "" && len(args) > 0:
		return source{}, fault.New(fault.Usage, "--settings", "give one of the two", "cannot take settings from two places")
	case settings != "":
		return l.fromAgent(ctx, settings)
	case len(args) > 0:
		return l.given(args)
	default:
		return l.inForce(ctx)
	}
}

// redacted takes secrets out of the faults in an error.
func redacted(err error, hide func(string) string) error {
	var list fault.List
	for _, f := range fault.Faults(err) {
		list = append(list, fault.New(f.Code, f.Place, f.Hint, "%s", hide(f.Err.Error())))
	}
	return list
}

func (l looker) showPlan(d plannedChange) {
	what := "These settings"
	if d.Sequence != nil {
		what = fmt.Sprintf("Settings %d", *d.Sequence)
	}
	if d.NothingToDo {
		l.Say("%s Nothing to do: this VM is as %s say.", l.Paint(person.Good, "✓"), lower(what))
	} else {
		l.Say("%s would change this VM in %s:\n", what, steps(len(d.Steps)))
	}
	for _, line := range d.Lines() {
		l.showLine(line)
	}
	for _, note := range d.Notes {
		l.Say("%s %s", l.Paint(person.Warn, "note:"), note)
	}
}

func (l looker) showLine(line preview.Line) {
	style := map[preview.Kind]person.Style{
		preview.Title: person.Strong, preview.Reason: person.Plain, preview.Head: person.Place,
		preview.Added: person.Good, preview.Removed: person.Bad, preview.Context: person.Plain,
	}[line.Kind]
	indent := "     "
	if line.Kind == preview.Title {
		indent = ""
	}
	l.Say("%s%s", indent, l.Paint(style, line.Text))
}

func steps(n int) string {
	if n == 1 {
		return "1 step"
	}
	return fmt.Sprintf("%d steps", n)
}

func lower(what string) string { return string(what[0]|0x20) + what[1:] }
