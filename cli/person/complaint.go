package person

import (
	"errors"
	"fmt"

	"docker-extension/internal/fault"
	"docker-extension/internal/settings"
)

// Complaint is one thing that is wrong, as JSON answers have it. The names of its fields stay.
type Complaint struct {
	Place   string `json:"place,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Code    int    `json:"code"`
	Name    string `json:"name"` // of the code
}

// Complain makes a Complaint of a fault.
func Complain(f *fault.Fault) Complaint {
	return Complaint{Place: f.Place, Message: f.Err.Error(), Hint: f.Hint, Code: int(f.Code), Name: f.Code.String()}
}

// At adds where in a file it is.
func (c Complaint) At(file string, at settings.Position) Complaint {
	c.File, c.Line, c.Column = file, at.Line, at.Column
	return c
}

// Where gives file, line and column as compilers do, with a colon behind; "" if there is no file.
func (c Complaint) Where() string {
	switch {
	case c.File == "":
		return ""
	case c.Line == 0:
		return c.File + ":"
	default:
		return fmt.Sprintf("%s:%d:%d:", c.File, c.Line, c.Column)
	}
}

// Show gives a complaint as a line of text.
func (p *Person) Show(c Complaint) string {
	line := ""
	if where := c.Where(); where != "" {
		line = p.Paint(Strong, where) + " "
	}
	if c.Place != "" {
		line += p.Paint(Place, c.Place) + ": "
	}
	line += c.Message
	if c.Hint != "" {
		line += p.Paint(Dim, " ("+c.Hint+")")
	}
	return line
}

// ErrTold is the error of a command that has told everything there is to tell, but for the exit code.
type ErrTold struct{ Code fault.Code }

// Error says that all has been said.
func (e ErrTold) Error() string { return "code " + e.Code.String() }

// Refuse tells what stopped a command, in the form that the person wants, and gives the exit code.
func (p *Person) Refuse(err error) int {
	var told ErrTold
	if errors.As(err, &told) {
		return int(told.Code)
	}
	var all []Complaint
	for _, f := range faults(err) {
		all = append(all, Complain(f))
	}
	type failure struct {
		Code   int         `json:"code"`
		Name   string      `json:"name"`
		Faults []Complaint `json:"faults"`
	}
	code := fault.CodeOf(err)
	if p.JSON {
		// An answer that cannot be written has nobody to tell it to.
		_ = p.Answer(map[string]failure{"error": {int(code), code.String(), all}}, nil)
		return int(code)
	}
	aside := p.Aside()
	for _, c := range all {
		aside.Say("%s %s", aside.Paint(Bad, "error:"), aside.Show(c))
	}
	return int(code)
}

// faults gives the faults in an error. One that is a fault itself, and not one with words around it, keeps
// its place apart from its words.
func faults(err error) fault.List {
	if f, ok := err.(*fault.Fault); ok {
		return fault.List{f}
	}
	return fault.Faults(err)
}
