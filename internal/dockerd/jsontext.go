package dockerd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
)

// decode reads one JSON value; numbers keep their digits.
func decode(raw []byte) (any, error) {
	if !json.Valid(raw) {
		return nil, fmt.Errorf("not JSON")
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}

// equal tells whether two JSON texts mean the same: the order of members and blanks do not count,
// and numbers are equal if their digits are (1.0 is not 1, which dockerd does not take for it either).
func equal(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return json.Valid(a)
	}
	left, errLeft := decode(a)
	right, errRight := decode(b)
	return errLeft == nil && errRight == nil && reflect.DeepEqual(left, right)
}

// marshal gives the JSON of a value that this package built from strings, numbers and maps of
// them, which cannot fail. Characters that matter to HTML alone stay as they are.
func marshal(value any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
	return bytes.TrimSpace(out.Bytes())
}
