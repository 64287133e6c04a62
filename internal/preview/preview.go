// Package preview makes a document for people of the steps that a run would take: what each one changes,
// file contents as unified diffs, and why, with every secret hidden. It touches nothing.
package preview

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"docker-extension/internal/converge"
	"docker-extension/internal/state"
)

// Document is the steps between what is there and what is wanted. The names of its fields in JSON stay.
type Document struct {
	NothingToDo bool     `json:"nothingToDo"`
	Steps       []Step   `json:"steps"`
	Notes       []string `json:"notes"`
}

// Step is one step of a run.
type Step struct {
	Name    string   `json:"name"`    // stable, like "packages" or "certificates"
	Summary string   `json:"summary"` // in words
	Reasons []string `json:"reasons,omitempty"`
	Files   []File   `json:"files,omitempty"`
}

// File is a file that a step makes, changes or removes.
type File struct {
	Path   string `json:"path"`
	Change string `json:"change"` // "make", "change" or "remove"
	Mode   string `json:"mode,omitempty"`
	Diff   string `json:"diff,omitempty"` // unified; empty if only the mode changes
}

// Hide takes out of a text what its reader is not to see. The path is that of the file whose content the text
// is; "" for other texts.
type Hide func(path, text string) string

// Make makes the document.
func Make(goal state.Goal, steps []converge.Step, hide Hide) Document {
	d := Document{NothingToDo: len(steps) == 0, Steps: []Step{}, Notes: []string{}}
	for _, note := range goal.Notes {
		d.Notes = append(d.Notes, hide("", note))
	}
	files := map[string]state.File{} // as each step finds them
	maps.Copy(files, goal.Have.Files)
	for _, s := range steps {
		step := Step{Name: s.Name(), Summary: hide("", s.Summary()), Reasons: reasons(goal, s)}
		if w, ok := s.(converge.WriteFiles); ok {
			for _, p := range w.Paths {
				step.Files = append(step.Files, file(p, files[p], w.Files[p], hide))
				files[p] = w.Files[p]
			}
		}
		d.Steps = append(d.Steps, step)
	}
	return d
}

// reasons says why a step is taken, where that does not follow from the steps before it.
func reasons(goal state.Goal, s converge.Step) []string {
	switch s := s.(type) {
	case converge.RestartUnits:
		return unitReasons(goal, s.Start)
	case converge.ReloadUnit:
		return unitReasons(goal, []string{s.Unit})
	case converge.RaiseProject:
		have := goal.Have.Projects[s.Project]
		if have.Digest == s.Wanted.Digest && !have.Up {
			return []string{"not all of its services run"}
		}
	}
	return nil
}

func unitReasons(goal state.Goal, units []string) []string {
	var all []string
	for _, u := range units {
		if have := goal.Have.Units[u]; have.Active && have.Started == "" && goal.Want.Units[u].Started != "" {
			all = append(all, "a file that "+u+" reads was changed on this VM since the extension last started it")
		}
	}
	return all
}

// Lines gives the document as lines of text: what a step does, and below it how.
func (d Document) Lines() []Line {
	var all []Line
	for i, s := range d.Steps {
		all = append(all, Line{Kind: Title, Text: fmt.Sprintf("%d. %s: %s", i+1, s.Name, s.Summary)})
		for _, reason := range s.Reasons {
			all = append(all, Line{Kind: Reason, Text: "because " + reason})
		}
		for _, f := range s.Files {
			all = append(all, f.lines()...)
		}
	}
	return all
}

// Line is a line of text, and what it is.
type Line struct {
	Kind Kind
	Text string
}

// Kind is what a line is.
type Kind int

// The kinds of lines.
const (
	Title Kind = iota
	Reason
	Head
	Added
	Removed
	Context
)

func (f File) lines() []Line {
	if f.Diff == "" {
		return []Line{{Head, f.Path + ": mode becomes " + f.Mode}}
	}
	var all []Line
	for line := range strings.Lines(f.Diff) {
		line = strings.TrimRight(line, "\n")
		kind := Context
		switch {
		case strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "@@"):
			kind = Head
		case strings.HasPrefix(line, "+"):
			kind = Added
		case strings.HasPrefix(line, "-"):
			kind = Removed
		}
		all = append(all, Line{kind, line})
	}
	return all
}

// Names gives the names of the steps, each once, in their order.
func (d Document) Names() []string {
	var names []string
	seen := map[string]bool{}
	for _, s := range d.Steps {
		if !seen[s.Name] {
			seen[s.Name] = true
			names = append(names, s.Name)
		}
	}
	return names
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
