package secret

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestNothingPrintsASecret(t *testing.T) {
	s := New("hunter2")
	holder := struct {
		Plain Secret
		Deep  map[string]*Secret
		List  []Secret
	}{Plain: s, Deep: map[string]*Secret{"k": &s}, List: []Secret{s}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%-5.2v", "%T"} {
		for _, value := range []any{s, &s, holder, &holder, holder.List} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
				t.Errorf("Sprintf(%q, %T) shows the secret: %s", verb, value, text)
			}
		}
	}
	data, err := json.Marshal(holder)
	if err != nil || strings.Contains(string(data), "hunter2") {
		t.Errorf("Marshal = %s, %v", data, err)
	}
	if text, err := s.MarshalText(); err != nil || string(text) != Redacted {
		t.Errorf("MarshalText = %s, %v", text, err)
	}
	if err := fmt.Errorf("cannot log in with %v: %w", s, errors.New("refused")); strings.Contains(err.Error(), "hunter2") {
		t.Errorf("an error shows the secret: %v", err)
	}
}

func TestReveal(t *testing.T) {
	if got := New("hunter2").Reveal(); got != "hunter2" {
		t.Errorf("Reveal = %q", got)
	}
	if !(Secret{}).Empty() || New("x").Empty() {
		t.Error("Empty is wrong")
	}
}

func TestUnmarshal(t *testing.T) {
	var s Secret
	if err := json.Unmarshal([]byte(`"hunter2"`), &s); err != nil || s.Reveal() != "hunter2" {
		t.Errorf("Unmarshal = %q, %v", s.Reveal(), err)
	}
	err := json.Unmarshal([]byte(`4711`), &s)
	if err == nil || strings.Contains(err.Error(), "4711") {
		t.Errorf("Unmarshal of a number = %v", err)
	}
}
