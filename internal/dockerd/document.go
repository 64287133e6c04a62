package dockerd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"docker-extension/internal/fault"
)

const (
	// ConfigFile is where the packaged daemon looks for its configuration.
	ConfigFile = "/etc/docker/daemon.json"

	maxDocument = 1 << 20 // bytes; far above any real file, and small enough to hold several times
	maxDepth    = 100     // of nested objects and lists; dockerd's own keys need five
)

// broken is a fault of the file at a byte offset.
type broken struct {
	offset int64
	text   string
}

// parseDocument reads the members of daemon.json. Missing, empty and blank files have none; a UTF-8
// byte order mark is passed over, as dockerd does. The fault names line and column, and never quotes
// the file.
func parseDocument(content []byte) (map[string]json.RawMessage, error) {
	if len(content) > maxDocument {
		return nil, hostFault("is larger than %d bytes", maxDocument)
	}
	text := bytes.TrimPrefix(content, []byte("\ufeff"))
	if len(bytes.TrimSpace(text)) == 0 {
		return map[string]json.RawMessage{}, nil
	}
	if wrong := inspect(text); wrong != nil {
		line, column := position(text, wrong.offset)
		return nil, hostFault("%s (line %d, column %d)", wrong.text, line, column)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, hostFault("is not a JSON object")
	}
	return members, nil
}

func hostFault(format string, args ...any) error {
	return fault.New(fault.HostConfig, ConfigFile, "repair or remove the file, "+fault.Retry, format, args...)
}

// inspect finds what makes a text no JSON object without repeated keys; nil if it is one.
func inspect(text []byte) *broken {
	if !utf8.Valid(text) {
		return &broken{int64(validPrefix(text)), "is not UTF-8 text"}
	}
	var syntax *json.SyntaxError
	if err := json.Unmarshal(text, new(json.RawMessage)); errors.As(err, &syntax) {
		return &broken{syntax.Offset - 1, "is not JSON"}
	}
	start := int64(len(text) - len(bytes.TrimLeft(text, " \t\r\n")))
	if text[start] != '{' {
		return &broken{start, "is not a JSON object"}
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	return walk(decoder, text, 0)
}

// walk goes through one value and finds a key that an object has twice. Go's decoder would let the
// last one win, and a rewrite would then drop what a person wrote.
func walk(decoder *json.Decoder, text []byte, depth int) *broken {
	token, err := decoder.Token()
	if err != nil {
		return &broken{decoder.InputOffset(), "is not JSON"}
	}
	open, nested := token.(json.Delim)
	if !nested {
		return nil
	}
	if depth == maxDepth {
		return &broken{decoder.InputOffset() - 1, fmt.Sprintf("is nested deeper than %d levels", maxDepth)}
	}
	seen := map[string]bool{}
	for decoder.More() {
		if open == '{' {
			if wrong := walkKey(decoder, text, seen); wrong != nil {
				return wrong
			}
		}
		if wrong := walk(decoder, text, depth+1); wrong != nil {
			return wrong
		}
	}
	_, _ = decoder.Token() // the closing bracket: the text is known to be valid
	return nil
}

func walkKey(decoder *json.Decoder, text []byte, seen map[string]bool) *broken {
	before := decoder.InputOffset()
	token, _ := decoder.Token()
	key, _ := token.(string)
	if seen[key] {
		// The quote that opens the key is the first one after the token before it.
		return &broken{before + int64(bytes.IndexByte(text[before:], '"')), "has the same key twice"}
	}
	seen[key] = true
	return nil
}

// validPrefix gives the length of the part before the first byte that is not UTF-8.
func validPrefix(text []byte) (length int) {
	for length < len(text) {
		r, size := utf8.DecodeRune(text[length:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		length += size
	}
	return length
}

// position gives line and column, both from 1, of a byte; columns count characters.
func position(text []byte, offset int64) (line, column int) {
	before := text[:min(max(offset, 0), int64(len(text)))]
	lastLine := before[bytes.LastIndexByte(before, '\n')+1:]
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(lastLine) + 1
}

// format writes the members as a file: keys sorted, two blanks for each level, a newline at the
// end. Inside the values of a person the order of members stays.
func format(members map[string]json.RawMessage) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(members); err != nil {
		return nil, fault.New(fault.Internal, ConfigFile, "", "cannot be written: a value is not JSON")
	}
	return out.Bytes(), nil
}
