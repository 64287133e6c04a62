package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// Settings is what a person writes in a template: JSON texts, nil for none.
type Settings struct {
	Public, Protected json.RawMessage
	// Cipher encrypts the protected settings; the zero value is Azure's.
	Cipher Cipher
}

// File is the content of a N.settings file, field by field. Nil fields become null: the agent
// always writes all three keys (exthandlers.py, update_settings).
type File struct {
	Public     json.RawMessage `json:"publicSettings"`
	Protected  *string         `json:"protectedSettings"`
	Thumbprint *string         `json:"protectedSettingsCertThumbprint"`
}

// Seal gives the settings file for s, with the protected part encrypted to tenant.
func (s Settings) Seal(ctx context.Context, tenant *Tenant) (File, error) {
	file := File{Public: s.Public}
	if s.Protected == nil {
		return file, nil
	}
	sealed, err := tenant.Seal(ctx, s.Protected, s.Cipher)
	if err != nil {
		return File{}, err
	}
	file.Protected, file.Thumbprint = &sealed, &tenant.Thumbprint
	return file, nil
}

// Bytes gives the file's content, byte for byte as Python's json.dumps writes it.
func (f File) Bytes() ([]byte, error) {
	type handlerSettings struct {
		Settings File `json:"handlerSettings"`
	}
	content := map[string][]handlerSettings{"runtimeSettings": {{f}}}
	text, err := pythonJSON(content)
	if err != nil {
		return nil, fmt.Errorf("cannot write the settings as JSON: %w", err)
	}
	return text, nil
}

// pythonJSON encodes v as Python's json.dumps does by default: a space after each comma and colon,
// everything outside ASCII as \u escapes.
func pythonJSON(v any) ([]byte, error) {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	text := bytes.TrimSpace(plain.Bytes())
	out := make([]byte, 0, len(text)+len(text)/8)
	inString := false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case inString && r == '\\':
			out = append(out, text[i], text[i+1])
			size = 2
		case r == '"':
			inString = !inString
			out = append(out, '"')
		case !inString && (r == ',' || r == ':'):
			out = append(out, byte(r), ' ')
		case r >= utf8.RuneSelf:
			out = appendEscaped(out, r)
		default:
			out = append(out, byte(r))
		}
		i += size
	}
	return out, nil
}

func appendEscaped(out []byte, r rune) []byte {
	for _, unit := range utf16.AppendRune(nil, r) {
		out = fmt.Appendf(out, `\u%04x`, unit)
	}
	return out
}
