// Package validate is the command that checks settings before they are deployed, by the very code that
// does it on the VM.
package validate

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"docker-extension/cli/person"
	"docker-extension/internal/fault"
	"docker-extension/internal/settings"
)

// Command gives the command.
func Command(p *person.Person) *cobra.Command {
	return &cobra.Command{
		Use:   "validate PUBLIC [PROTECTED]",
		Short: "Check settings as the VM will, with line and column of each fault",
		Long: `Check the files with public and protected settings as the VM will: keys, values, whether they go together,
and whether certificates and keys fit. All faults are told at once, with file, line and column.

"-" is the standard input. Settings in a template have to have their values: expressions like [parameters('port')] are
filled in by a deployment, and are faults before. What only the VM knows (its accounts, its own daemon.json) is checked there.
The exit code is 0, or 13 for settings that the VM would refuse. No value of a protected setting is shown.`,
		Example: `  docker-extension validate public.json protected.json
  jq '.resources[] | select(.properties.type? == "DockerExtension") | .properties.settings' template.json |
    docker-extension validate -`,
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveFilterFileExt),
		RunE:              func(_ *cobra.Command, args []string) error { return run(p, args) },
	}
}

// verdict is the answer. The names of its fields stay.
type verdict struct {
	Valid  bool               `json:"valid"`
	Code   int                `json:"code"`
	Name   string             `json:"name"` // of the code
	Faults []person.Complaint `json:"faults"`
	Notes  []string           `json:"notes"`
}

// input is one file that was given.
type input struct {
	name   string
	places settings.Places
}

func run(p *person.Person, args []string) error {
	if len(args) == 2 && args[0] == "-" && args[1] == "-" {
		return fault.New(fault.Usage, "", "give one of the two as a file", "cannot read both files from the standard input")
	}
	var contents [2][]byte
	var inputs []input
	for i, name := range args {
		content, err := p.ReadSettings(name)
		if err != nil {
			return err
		}
		contents[i] = content
		inputs = append(inputs, input{name, []func([]byte) settings.Places{settings.PublicPlaces, settings.ProtectedPlaces}[i](content)})
	}
	s, err := settings.Parse(contents[0], contents[1], settings.Options{Now: p.Now()})
	v := judge(err, s.Notes, inputs)
	if err := p.Answer(v, func() { v.show(p, args) }); err != nil || v.Valid {
		return err
	}
	return person.ErrTold{Code: fault.CodeOf(err)}
}

// judge puts the result into the shape of the answer.
func judge(err error, notes []string, inputs []input) verdict {
	code := fault.CodeOf(err)
	v := verdict{Valid: err == nil, Code: int(code), Name: code.String(), Faults: []person.Complaint{}, Notes: []string{}}
	for _, f := range fault.Faults(err) {
		c := person.Complain(f)
		for _, in := range inputs {
			if in.places.Has(f.Place) {
				c = c.At(in.name, in.places.Position(f.Place))
			}
		}
		v.Faults = append(v.Faults, c)
	}
	if v.Valid {
		v.Notes = append(v.Notes, notes...)
	}
	return v
}

func (v verdict) show(p *person.Person, names []string) {
	aside := p.Aside()
	for _, c := range v.Faults {
		aside.Say("%s", aside.Show(c))
	}
	for _, note := range v.Notes {
		p.Say("%s %s", p.Paint(person.Warn, "note:"), note)
	}
	switch {
	case v.Valid && len(names) == 1:
		p.Say("%s %s is valid", p.Paint(person.Good, "✓"), names[0])
	case v.Valid:
		p.Say("%s %s are valid", p.Paint(person.Good, "✓"), strings.Join(names, " and "))
	default:
		aside.Say("%s %s, code %d (%s)", aside.Paint(person.Bad, "✗"), count(len(v.Faults)), v.Code, v.Name)
	}
}

func count(n int) string {
	if n == 1 {
		return "1 fault"
	}
	return fmt.Sprintf("%d faults", n)
}
