package vm

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"docker-extension/cli/person"
	"docker-extension/internal/state"
)

// listening tells from the engine's files where it listens and whether it wants certificates.
func listening(dropIn, daemon []byte) listener {
	found := listener{Addresses: []string{}}
	for line := range strings.Lines(string(dropIn)) {
		if address, ok := strings.CutPrefix(strings.TrimSpace(line), "ListenStream="); ok {
			found.Addresses = append(found.Addresses, address)
		}
	}
	var keys struct {
		Verify bool `json:"tlsverify"`
	}
	found.TLS = json.Unmarshal(daemon, &keys) == nil && keys.Verify
	return found
}

const moment = "2006-01-02 15:04:05 UTC"

// soon is when a certificate's end is worth a colour, in days.
const soon = 30

func (l looker) showStatus(s status) {
	l.Table("", []person.Row{
		l.line("extension", person.Plain, s.Extension.String()),
		l.settingsLine(s),
		l.keysLine(s),
		l.reportedLine(s),
		l.engineLine(s),
		l.listenerLine(s),
		l.certificateLine(s),
		l.driftLine(s),
	})
	for _, c := range s.Problems {
		l.Say("  %s", l.Show(c))
	}
	if s.Drift != nil {
		for _, note := range s.Drift.Notes {
			l.Say("%s %s", l.Paint(person.Warn, "note:"), note)
		}
	}
	if s.LastRun != nil {
		l.showRun(*s.LastRun)
	}
}

// line makes a row of the table: what it is about, a mark, and the text.
func (l looker) line(what string, style person.Style, text string) person.Row {
	mark := map[person.Style]string{person.Good: "✓", person.Bad: "✗", person.Warn: "!"}[style]
	return person.Row{Cells: []string{what, mark, text}, Styles: []person.Style{person.Strong, style}}
}

func (e extension) String() string {
	text := e.Name + " " + e.Version
	if e.Program != e.Version {
		text += ", looked at by version " + e.Program
	}
	return text
}

func (l looker) settingsLine(s status) person.Row {
	text := fmt.Sprintf("%d", s.Settings.Sequence)
	applied := s.Settings.Applied
	switch {
	case s.Settings.InForce:
		return l.line("settings", person.Good, text+", in force since "+applied.At.Format(moment))
	case s.Working:
		return l.line("settings", person.Warn, text+", being applied")
	case applied != nil:
		return l.line("settings", person.Bad, fmt.Sprintf("%s, not in force; %d are, since %s", text, applied.Sequence, applied.At.Format(moment)))
	default:
		return l.line("settings", person.Bad, text+", not in force")
	}
}

func (l looker) keysLine(s status) person.Row {
	if len(s.Settings.Keys) == 0 {
		return l.line("asks for", person.Plain, "an engine")
	}
	return l.line("asks for", person.Plain, strings.Join(s.Settings.Keys, ", "))
}

func (l looker) reportedLine(s status) person.Row {
	r := s.Reported
	if r == nil {
		return l.line("reported", person.Warn, "nothing yet")
	}
	style := map[string]person.Style{"success": person.Good, "error": person.Bad}[r.Status]
	if style == person.Plain {
		style = person.Warn
	}
	text := r.Status
	if r.Code != 0 {
		text += fmt.Sprintf(" %d (%s)", r.Code, r.Name)
	}
	return l.line("reported", style, text+": "+r.Message)
}

func (l looker) engineLine(s status) person.Row {
	e := s.Engine
	switch {
	case !e.Service.Exists:
		return l.line("engine", person.Bad, "not installed")
	case e.Service.Masked:
		return l.line("engine", person.Bad, "masked by a person")
	case !e.Service.Active:
		return l.line("engine", person.Bad, "not running"+atBoot(e.Service))
	case e.Version == "":
		return l.line("engine", person.Bad, "started, but does not answer"+atBoot(e.Service))
	default:
		return l.line("engine", person.Good, "Docker "+e.Version+", running"+atBoot(e.Service))
	}
}

func atBoot(u unitNow) string {
	if u.AtBoot {
		return ", starts at boot"
	}
	return ", does not start at boot"
}

func (l looker) listenerLine(s status) person.Row {
	addresses := strings.Join(s.Listener.Addresses, ", ")
	switch {
	case addresses == "":
		return l.line("listener", person.Plain, "the unix socket alone")
	case !s.Engine.Socket.Active:
		return l.line("listener", person.Bad, addresses+" is not open")
	case s.Listener.TLS:
		return l.line("listener", person.Good, addresses+", for clients with a certificate")
	default:
		return l.line("listener", person.Warn, addresses+", without TLS: anyone who reaches it is root on this VM")
	}
}

func (l looker) certificateLine(s status) person.Row {
	c := s.Certificate
	if c == nil {
		return l.line("certificate", person.Plain, "none")
	}
	style := person.Good
	switch {
	case c.DaysLeft < 0:
		style = person.Bad
	case c.DaysLeft < soon:
		style = person.Warn
	}
	text := fmt.Sprintf("until %s (%d days left)", c.Ends.Format(moment), c.DaysLeft)
	if len(c.Names) > 0 {
		text = strings.Join(c.Names, ", ") + ", " + text
	}
	return l.line("certificate", style, text)
}

func (l looker) driftLine(s status) person.Row {
	switch {
	case s.Drift == nil:
		return l.line("drift", person.Bad, "cannot be told:")
	case s.Drift.NothingToDo:
		return l.line("drift", person.Good, "none: this VM is as the settings say")
	default:
		return l.line("drift", person.Warn, strings.Join(s.Drift.Names(), ", ")+" (`plan` shows how)")
	}
}

func (l looker) showRun(r state.Run) {
	took := r.Ended.Sub(r.Started).Round(time.Millisecond)
	l.Say("\n%s settings %d, version %s, %s, %s", l.Paint(person.Strong, "last run with something to do:"), r.Sequence, r.Version, r.Started.Format(moment), took)
	var rows []person.Row
	for _, step := range r.Steps {
		mark, style := "✓", person.Good
		switch step.Status {
		case "failed":
			mark, style = "✗", person.Bad
		case "waiting":
			mark, style = "·", person.Dim
		}
		rows = append(rows, person.Row{
			Cells:  []string{mark, step.Name, (time.Duration(step.Milliseconds) * time.Millisecond).String(), step.Summary},
			Styles: []person.Style{style},
		})
	}
	l.Table("  ", rows)
	if r.Code != 0 {
		l.Say("  %s", l.Paint(person.Bad, r.Message))
	}
}
