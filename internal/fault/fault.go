// Package fault is the one way in which this program says that something is wrong.
//
// A Fault keeps four things apart that a person at 3 a.m. looks for one after the other: a stable
// code (what kind of trouble), a place (where), the error (what happened) and a hint (what to do).
// Errors are wrapped into a Fault where the noun changes, at a room's door, and not at every hop.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Fault is an error with a stable code, the place where it was found and a cure.
type Fault struct {
	// Code tells the kind of trouble; it is also the exit code and the code in the status file.
	Code Code
	// Place names where the trouble is, in the reader's terms: a JSON path in the settings
	// ("publicSettings.docker.port"), a file, a unit. Empty when the error says it all.
	Place string
	// Err says what happened, without the place: "cannot X: why" or a plain fact ("is not a port").
	Err error
	// Hint says what to do about it, as an imperative sentence without a full stop. May be empty.
	Hint string
}

// Retry is the end of a hint for what was cured on the VM: what makes the agent call enable once more with
// the settings as they are. To deploy them again does not: without a change they get no new sequence number.
const Retry = "then restart the agent (systemctl restart walinuxagent)"

// New makes a Fault from a format and its arguments; %w works as in fmt.Errorf.
func New(code Code, place, hint, format string, args ...any) *Fault {
	return &Fault{Code: code, Place: place, Err: fmt.Errorf(format, args...), Hint: hint}
}

// Error gives place and error on one line; the hint is for Sentence, which addresses a person.
func (f *Fault) Error() string {
	if f.Place == "" {
		return f.Err.Error()
	}
	return f.Place + ": " + f.Err.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (f *Fault) Unwrap() error { return f.Err }

// List is every fault that was found in one input, in the order of the input. The zero value is
// an input without faults.
type List []*Fault

// Error gives all faults in one line, divided by semicolons.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, f := range l {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap gives the single faults to errors.Is and errors.As.
func (l List) Unwrap() []error {
	errs := make([]error, len(l))
	for i, f := range l {
		errs[i] = f
	}
	return errs
}

// AsError gives nil for an empty list, so that a List can be returned as an error.
func (l List) AsError() error {
	if len(l) == 0 {
		return nil
	}
	return l
}

// CodeOf gives the code of the first Fault in err's chain: OK for nil, Internal for an error that
// nobody has made a Fault of.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	var f *Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return Internal
}

// Faults gives every Fault in err: the items of a List, a single Fault, or a Fault with code
// Internal around an error that nobody has made one of.
func Faults(err error) List {
	if err == nil {
		return nil
	}
	var list List
	if errors.As(err, &list) {
		return list
	}
	var f *Fault
	if errors.As(err, &f) {
		return List{{Code: f.Code, Err: err, Hint: f.Hint}}
	}
	return List{{Code: Internal, Err: err}}
}

// Sentence gives what a person should read: each fault with its hint in brackets, at most limit
// bytes long (0 = no limit) and never cut within a UTF-8 character.
func Sentence(err error, limit int) string {
	faults := Faults(err)
	parts := make([]string, 0, len(faults))
	for _, f := range faults {
		part := f.Error()
		if f.Hint != "" {
			part += " (" + f.Hint + ")"
		}
		parts = append(parts, part)
	}
	return Shorten(strings.Join(parts, "; "), limit)
}

// Shorten cuts text to at most limit bytes (0 = no limit) at a character border, with an ellipsis
// where something was cut.
func Shorten(text string, limit int) string {
	const ellipsis = "..."
	if limit <= 0 || len(text) <= limit {
		return text
	}
	if limit <= len(ellipsis) {
		return ellipsis[:limit]
	}
	return strings.ToValidUTF8(text[:limit-len(ellipsis)], "") + ellipsis
}
