package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manual gives one manual page for each command that a person types, by its name in docs/.
func manual(tree *cobra.Command) map[string][]byte {
	commands := slices.DeleteFunc(tree.Commands(), func(c *cobra.Command) bool {
		return !c.IsAvailableCommand() || c.GroupID == "agent" || c.Name() == "help" || c.Name() == "completion"
	})
	pages := map[string][]byte{}
	for _, c := range append([]*cobra.Command{tree}, commands...) {
		pages["docs/man/"+pageName(c)+".1"] = manualPage(c, commands)
	}
	return pages
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// manualPage gives the page of a command, in the language of man(7). It has no date, so that the same sources
// make the same page.
func manualPage(c *cobra.Command, commands []*cobra.Command) []byte {
	var page bytes.Buffer
	add := func(format string, args ...any) { fmt.Fprintf(&page, format+"\n", args...) }
	add(`.TH %s 1 "" "docker\-extension" "Docker VM extension"`+"\n.nh\n.ad l", roff(strings.ToUpper(pageName(c))))
	add(".SH NAME\n%s \\- %s", roff(pageName(c)), roff(c.Short))
	add(".SH SYNOPSIS\n.B %s", roff(synopsis(c)))
	add(".SH DESCRIPTION\n%s", strings.ReplaceAll(roff(c.Long), "\n\n", "\n.PP\n"))
	if !c.HasParent() {
		add(".SH COMMANDS")
		for _, known := range commands {
			add(".TP\n.BR %s (1)\n%s", roff(pageName(known)), roff(known.Short))
		}
	}
	add(".SH OPTIONS")
	c.InitDefaultHelpFlag()
	c.Flags().Lookup("help").Usage = "print a summary of this page"
	c.LocalFlags().VisitAll(func(f *pflag.Flag) { add("%s", option(f)) })
	c.InheritedFlags().VisitAll(func(f *pflag.Flag) { add("%s", option(f)) })
	if c.Example != "" {
		add(".SH EXAMPLES\n.EX\n%s\n.EE", roff(c.Example))
	}
	add(".SH EXIT STATUS\n0, or a code of docs/errors.md, whose numbers keep their meaning.")
	add(".SH SEE ALSO")
	var others []string
	for _, other := range append([]*cobra.Command{c.Root()}, commands...) {
		if other != c {
			others = append(others, ".BR "+roff(pageName(other))+" (1)")
		}
	}
	add("%s", strings.Join(others, ",\n"))
	return page.Bytes()
}

func synopsis(c *cobra.Command) string {
	if !c.HasParent() {
		return c.Name() + " COMMAND [OPTION...]"
	}
	return strings.TrimSuffix(c.UseLine(), " [flags]") + " [OPTION...]"
}

// option gives the paragraph about a flag.
func option(f *pflag.Flag) string {
	value, usage := pflag.UnquoteUsage(f)
	name := `\fB` + roff("--"+f.Name) + `\fR`
	if f.Shorthand != "" {
		name = `\fB` + roff("-"+f.Shorthand) + `\fR, ` + name
	}
	if value != "" {
		name += ` \fI` + roff(value) + `\fR`
	}
	if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" {
		usage += " (default " + f.DefValue + ")"
	}
	return ".TP\n" + name + "\n" + roff(usage)
}

// roff writes text so that it stands for itself: a hyphen that is typed, a backslash, and a line that begins
// like a request.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
