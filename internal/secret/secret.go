// Package secret holds the one type for text that must never be seen: whichever way a Secret is
// printed, logged or encoded, [redacted] comes out. Only Reveal gives the text, so that every place
// where a secret leaves the program is found by searching for one word.
package secret

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
)

// Redacted is what stands in place of a secret.
const Redacted = "[redacted]"

// Secret is text that must not be seen. The zero value is the empty secret.
type Secret struct{ text string }

// New makes a secret of text.
func New(text string) Secret { return Secret{text: text} }

// Reveal gives the text itself. Whoever calls it answers for where the text goes.
func (s Secret) Reveal() string { return s.text }

// Empty tells whether there is no text.
func (s Secret) Empty() bool { return s.text == "" }

// String gives [redacted].
func (s Secret) String() string { return Redacted }

// GoString gives [redacted], for %#v.
func (s Secret) GoString() string { return Redacted }

// Format prints [redacted] for every verb and flag, also those that would look into the struct.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }

// MarshalText gives [redacted].
func (s Secret) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalJSON gives "[redacted]".
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(Redacted) }

// UnmarshalJSON takes the secret from a JSON string. Its errors do not show the input.
func (s *Secret) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &s.text); err != nil {
		return fmt.Errorf("cannot read a secret: not a JSON string")
	}
	return nil
}

// WithoutPasswords takes passwords out of the addresses in a text, as in http://user:password@proxy:3128.
func WithoutPasswords(text string) string {
	return regexp.MustCompile(`(://[^/\s:@"']*):[^/\s@"']+@`).ReplaceAllString(text, "$1:"+Redacted+"@")
}
