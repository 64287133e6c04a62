package enable

import (
	"fmt"
	"slices"
	"time"

	"docker-extension/handler"
	"docker-extension/internal/converge"
	"docker-extension/internal/fault"
)

// substatuses gives one substatus per step: what it does, how far it is and how long it took.
func substatuses(steps []converge.Progress) []handler.Substatus {
	list := make([]handler.Substatus, len(steps))
	for i, s := range steps {
		list[i] = handler.Substatus{Name: s.Name, Status: level(s.Phase), Code: fault.CodeOf(s.Err), Message: line(s)}
	}
	return list
}

func level(p converge.Phase) handler.Level {
	switch p {
	case converge.Done:
		return handler.Success
	case converge.Failed:
		return handler.Error
	default:
		return handler.Transitioning
	}
}

func line(s converge.Progress) string {
	switch s.Phase {
	case converge.Done:
		return fmt.Sprintf("%s: done in %s", s.Summary, s.Took.Round(time.Millisecond))
	case converge.Failed:
		return fmt.Sprintf("%s: failed after %s", s.Summary, s.Took.Round(time.Millisecond))
	case converge.Running:
		if s.Detail != "" {
			return s.Summary + ": running, " + s.Detail
		}
		return s.Summary + ": running"
	default:
		return s.Summary + ": waiting"
	}
}

// noteSubstatuses gives one substatus per note; a note is no error, and "warning" is a status that
// makes other extensions wait for ever.
func noteSubstatuses(notes []string) []handler.Substatus {
	list := make([]handler.Substatus, len(notes))
	for i, n := range notes {
		list[i] = handler.Substatus{Name: "note", Status: handler.Success, Message: n}
	}
	return list
}

// begun leaves out the steps that a failed run never came to.
func begun(steps []converge.Progress) []converge.Progress {
	return slices.DeleteFunc(slices.Clone(steps), func(s converge.Progress) bool { return s.Phase == converge.Waiting })
}

// inProgress gives the sentence of a run in the middle.
func inProgress(steps []converge.Progress) string {
	for i := range slices.Backward(steps) {
		if steps[i].Phase != converge.Waiting {
			return fmt.Sprintf("step %d of %d: %s", i+1, len(steps), steps[i].Summary)
		}
	}
	return fmt.Sprintf("%d steps to do", len(steps))
}
