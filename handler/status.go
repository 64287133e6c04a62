package handler

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"

	"docker-extension/internal/fault"
)

// Level is what a status says of the work. There are three, and the agent's fourth is missing on
// purpose: to "warning" the agent waits on for up to 90 minutes before it goes on with the
// extensions that depend on this one (azurelinuxagent/ga/exthandlers.py, wait_for_handler_completion).
type Level int

// The levels. NoStatus, the zero value, is that of an Outcome that leaves the status file alone.
const (
	NoStatus Level = iota
	Transitioning
	Success
	Error
)

// String gives the agent's word. What is none of the levels is an error to the agent, and here too.
func (l Level) String() string {
	switch l {
	case Transitioning:
		return "transitioning"
	case Success:
		return "success"
	}
	return "error"
}

// Substatus is one line of the status: a step, or a thing worth knowing.
type Substatus struct {
	Name    string
	Status  Level
	Code    fault.Code
	Message string
}

// The limits of a status file. The agent cuts a file above 128 KiB into pieces, and one that then
// lacks a field silences the reports of the whole VM; the portal shows about 1 KiB of a message. With
// these limits a file stays below 70 KiB even if each character has to be escaped.
const (
	MessageMax    = 1024      // bytes of the message
	SubstatusMax  = 40        // entries
	subNameMax    = 128       // bytes of a substatus's name
	subMessageMax = 512       // bytes of a substatus's message
	statusFileMax = 128 << 10 // bytes of a file that can be ours
)

// statusDocument is the file's schema (azurelinuxagent/ga/exthandlers.py, parse_ext_status).
type statusDocument struct {
	Version   json.Number `json:"version"`
	Timestamp string      `json:"timestampUTC"`
	Status    statusBody  `json:"status"`
}

type statusBody struct {
	Name      string           `json:"name"`
	Operation string           `json:"operation"`
	Applied   string           `json:"configurationAppliedTime"`
	Status    string           `json:"status"`
	Code      fault.Code       `json:"code"`
	Message   formattedMessage `json:"formattedMessage"`
	Substatus []substatusBody  `json:"substatus"`
}

type substatusBody struct {
	Name    string           `json:"name"`
	Status  string           `json:"status"`
	Code    fault.Code       `json:"code"`
	Message formattedMessage `json:"formattedMessage"`
}

// formattedMessage has no omitempty: the agent refuses one without either of the two.
type formattedMessage struct {
	Lang    string `json:"lang"`
	Message string `json:"message"`
}

func english(message string) formattedMessage {
	return formattedMessage{Lang: "en-US", Message: message}
}

func substatusBodies(substatuses []Substatus, redact func(string) string) []substatusBody {
	bodies := make([]substatusBody, 0, len(substatuses))
	for _, s := range fewer(substatuses, SubstatusMax) {
		bodies = append(bodies, substatusBody{
			Name:    line(redact(s.Name), subNameMax),
			Status:  s.Status.String(),
			Code:    s.Code,
			Message: english(line(redact(s.Message), subMessageMax)),
		})
	}
	return bodies
}

// fewer leaves out the earliest successes, then the last entries, until at most limit are left.
func fewer(substatuses []Substatus, limit int) []Substatus {
	excess := len(substatuses) - limit
	kept := slices.DeleteFunc(slices.Clone(substatuses), func(s Substatus) bool {
		if excess <= 0 || s.Status != Success {
			return false
		}
		excess--
		return true
	})
	return kept[:min(len(kept), limit)]
}

// line makes text one line of valid UTF-8 without control characters, at most limit bytes long.
func line(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return fault.Shorten(strings.TrimSpace(text), limit)
}

func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// encode gives JSON without HTML escapes, which would make six characters of one.
func encode(v any) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return buffer.Bytes(), err
}

// parseStatus reads what encode wrote.
func parseStatus(content []byte) (LastStatus, bool) {
	var documents []statusDocument
	if json.Unmarshal(content, &documents) != nil || len(documents) == 0 {
		return LastStatus{}, false
	}
	d := documents[0]
	last := LastStatus{Status: d.Status.Status, Code: d.Status.Code, Message: d.Status.Message.Message, Operation: d.Status.Operation}
	last.Written, _ = time.Parse(time.RFC3339, d.Timestamp)
	last.Applied, _ = time.Parse(time.RFC3339, d.Status.Applied)
	for _, s := range d.Status.Substatus {
		last.Substatuses = append(last.Substatuses, LastSubstatus{s.Name, s.Status, s.Message.Message})
	}
	return last, true
}
