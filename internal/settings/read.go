package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"docker-extension/internal/fault"
)

// read decodes one section. Blank input, null and "" (from old fabrics) are no settings, which is a
// nil tree. order tells where in the input each place stands, for sorting faults.
func (s section) read(data []byte) (tree any, order map[string]int, faults fault.List) {
	switch string(bytes.TrimSpace(data)) {
	case "", "null", `""`, "{}":
		return nil, nil, nil
	}
	if f := s.syntax(data); f != nil {
		return nil, nil, fault.List{f}
	}
	tree, err := decodeTree(data)
	if err != nil {
		return nil, nil, fault.List{s.notJSON("is not JSON")}
	}
	scan := scanner{decoder: json.NewDecoder(bytes.NewReader(data)), order: map[string]int{}}
	scan.decoder.UseNumber()
	scan.value(string(s))
	if scan.huge {
		tree = nil // the validator would write such a number out in full
	}
	return tree, scan.order, scan.faults
}

// decodeTree decodes valid JSON: objects are map[string]any, lists []any, numbers json.Number.
func decodeTree(data []byte) (tree any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	err = decoder.Decode(&tree)
	return tree, err
}

// syntax tells where the input stops being JSON. The decoder's reason quotes the character that it
// stumbled over, so only the public settings show it.
func (s section) syntax(data []byte) *fault.Fault {
	offset, err := brokenAt(data)
	if err == nil {
		return nil
	}
	if offset < 0 {
		return s.notJSON("is not JSON")
	}
	at := positionOf(data, offset)
	message := fmt.Sprintf("is not JSON from line %d, column %d", at.Line, at.Column)
	if s == public {
		message += ": " + err.Error()
	}
	return s.notJSON(message)
}

// brokenAt gives the byte from which a text is not JSON, and the decoder's error; -1 if it is JSON, or
// if the decoder does not tell.
func brokenAt(data []byte) (offset int, err error) {
	data = bytes.TrimRight(data, " \t\r\n") // what is missing is missing where the text ends
	var value json.RawMessage
	err = json.Unmarshal(data, &value)
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return -1, err
	}
	return max(0, min(int(syntax.Offset)-1, len(data))), err
}

func (s section) notJSON(message string) *fault.Fault {
	hint := "check the settings with a JSON parser such as jq and send them again"
	if s == protected {
		// Their encryption has no check of its own (RFC 5652, EnvelopedData): what was changed on the
		// way comes out as other bytes.
		hint += "; if they are right, they were damaged on their way"
	}
	return fault.New(fault.SettingsInvalid, string(s), hint, "%s", message)
}

// scanner goes through valid JSON once, for what a decoded tree no longer shows: the order of the
// keys, and keys that come twice. It also looks for numbers that nobody can calculate with.
type scanner struct {
	decoder *json.Decoder
	order   map[string]int
	huge    bool
	faults  fault.List
}

func (s *scanner) value(place string) {
	s.order[place] = len(s.order)
	token, err := s.decoder.Token()
	if err != nil {
		return
	}
	if number, ok := token.(json.Number); ok && tooLarge(number) {
		s.huge = true
		s.faults = append(s.faults, fault.New(fault.SettingsInvalid, place, "use a smaller number", "is too large a number"))
	}
	switch token {
	case json.Delim('{'):
		s.object(place)
	case json.Delim('['):
		for i := 0; s.decoder.More(); i++ {
			s.value(fmt.Sprintf("%s[%d]", place, i))
		}
		_, _ = s.decoder.Token()
	}
}

func (s *scanner) object(place string) {
	seen := map[string]bool{}
	for s.decoder.More() {
		token, err := s.decoder.Token()
		key, ok := token.(string)
		if err != nil || !ok {
			return
		}
		inner := fault.Member(place, key)
		if seen[key] {
			s.faults = append(s.faults, fault.New(fault.SettingsInvalid, inner, "remove all but one of them", "is there twice"))
		}
		seen[key] = true
		s.value(inner)
	}
	_, _ = s.decoder.Token()
}

// tooLarge tells whether a number is beyond what a float64 holds, or longer than anyone writes.
func tooLarge(number json.Number) bool {
	const longest = 100
	_, err := number.Float64()
	return err != nil || len(number) > longest
}
