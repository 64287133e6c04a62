package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The states of an extension and of its steps.
const (
	Transitioning = "transitioning"
	Success       = "success"
	Error         = "error"
	Warning       = "warning"
)

// The agent's limits for status files (exthandlers.py, _MAX_STATUS_FILE_SIZE_IN_BYTES and following).
const (
	statusFileLimit    = 128 * 1024
	statusMessageLimit = 1024
	substatusLimit     = 10 * 1024
	truncated          = " ... [TRUNCATED]"
	quoteLimit         = 2000
)

// Status is an extension's status as the agent would report it.
type Status struct {
	// State is one of the four words; empty when the file says nothing at all ("[]").
	State     string
	Code      int
	Operation string
	Message   string
	Substatus []Substatus
	// Placeholder says that there is no status file and the agent speaks for the extension.
	Placeholder bool
	// Fatal says that the file makes the agent fail in a way that it does not handle, so that nothing
	// is reported for the whole VM.
	Fatal bool
}

// Substatus is one step of a status.
type Substatus struct {
	Name, State, Message string
	Code                 int
}

// Terminal says whether the agent takes the status as an end: success or error. A warning is none.
func (s Status) Terminal() bool { return s.State == Success || s.State == Error }

// Status gives the status of the newest sequence number. A handler without settings has none: then
// State is empty.
func (a *Agent) Status() (Status, error) {
	h, ok := a.Current()
	if !ok {
		return Status{}, ErrAbsent
	}
	seq, content, ok := h.sequence()
	if !ok || len(content) == 0 {
		return Status{}, nil
	}
	return a.StatusOf(h, seq)
}

// StatusOf gives the status of one version and sequence number.
func (a *Agent) StatusOf(h Handler, seq int) (Status, error) {
	text, err := a.files.read(h.status(strconv.Itoa(seq) + ".status"))
	if errors.Is(err, fs.ErrNotExist) {
		return placeholder(), nil
	}
	if err != nil {
		return Status{}, err
	}
	return ParseStatus(text), nil
}

func placeholder() Status {
	return Status{State: Transitioning, Placeholder: true, Message: "This status is being reported by the Guest Agent" +
		" since no status file was reported by extension"}
}

// HandlerStatus gives what the agent reports of the handler.
func (a *Agent) HandlerStatus() (HandlerStatus, error) {
	h, ok := a.Current()
	if !ok {
		return HandlerStatus{}, ErrAbsent
	}
	return h.Status()
}

// Reported gives what the portal shows: the handler's status, and the extension's unless the handler
// is not installed, when the agent keeps it back.
func (a *Agent) Reported() (HandlerStatus, *Status, error) {
	h, ok := a.Current()
	if !ok {
		return HandlerStatus{}, nil, ErrAbsent
	}
	handler, err := h.Status()
	if err != nil || h.State() == NotInstalled {
		return handler, nil, err
	}
	status, err := a.Status()
	return handler, &status, err
}

// errBad is a status file that the agent reports as error 1012.
//
//lint:ignore ST1005 these are the agent's own words, which a person searches for
var errBad = errors.New("Could not get a valid status from the extension")

// errFatal is a status file on which the agent stumbles.
var errFatal = errors.New("the agent does not handle this status file")

// ParseStatus reads a status file by the agent's rules (exthandlers.py, collect_ext_status and
// parse_ext_status). Every input gives a Status; nothing is refused.
func ParseStatus(text []byte) Status {
	var file any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decodeWhole(decoder, &file); err != nil {
		return bad(fmt.Sprintf("%s: %s: %s", errBad, err, quote(text)))
	}
	status, complete, err := parse(file)
	switch {
	case errors.Is(err, errFatal):
		return Status{Fatal: true}
	case err != nil:
		return bad(err.Error())
	case utf8.RuneCount(text) > statusFileLimit && !complete:
		return Status{Fatal: true}
	case utf8.RuneCount(text) > statusFileLimit:
		return shorten(status)
	}
	return status
}

func decodeWhole(decoder *json.Decoder, into any) error {
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("extra data after the JSON value")
	}
	return nil
}

func bad(message string) Status {
	return Status{State: Error, Code: CodeBadStatus, Message: message}
}

func quote(text []byte) string {
	return strings.ToValidUTF8(string(text[:min(len(text), quoteLimit)]), "?")
}

// shorten cuts an overlong status as the agent does.
func shorten(s Status) Status {
	s.Message = cut(s.Message, statusMessageLimit)
	size := len(s.Message)
	for i, sub := range s.Substatus {
		s.Substatus[i].Name = cut(sub.Name, substatusLimit)
		s.Substatus[i].Message = cut(sub.Message, substatusLimit)
		if size += len(s.Substatus[i].Name) + len(s.Substatus[i].Message); size > statusFileLimit {
			s.Substatus = s.Substatus[:i]
			break
		}
	}
	return s
}

func cut(text string, limit int) string {
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	return string(runes[:limit]) + truncated
}
