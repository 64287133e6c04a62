package handler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

// settingsMax is the largest settings file that is read, in bytes. The fabric's own limit is far
// below; this one keeps a broken file from filling the memory.
const settingsMax = 4 << 20

// Envelope is a settings file taken apart, with nothing in it understood yet.
type Envelope struct {
	Public     json.RawMessage // a JSON object, or nil if there are no public settings
	Protected  string          // base64 of a CMS message, or "" if there are no protected settings
	Thumbprint string          // of the certificate that Protected is encrypted to, or ""
}

// readEnvelope reads <sequence>.settings. A handler without settings has a file of zero bytes, and
// with number 0 perhaps none. Errors have code fault.SettingsFile.
func readEnvelope(root files.Root, configFolder string, sequence int) (Envelope, error) {
	path := filepath.Join(configFolder, strconv.Itoa(sequence)+settingsSuffix)
	file, err := root.ReadAtMost(path, settingsMax)
	if err != nil {
		return Envelope{}, recoded(fault.SettingsFile, err)
	}
	if !file.Exists && sequence != 0 {
		return Envelope{}, fault.New(fault.SettingsFile, path,
			"send the settings once more, so that the agent writes the file anew", "is missing")
	}
	envelope, err := ParseEnvelope(file.Content)
	return envelope, inFile(path, err)
}

// ParseEnvelope takes a settings file apart. Zero bytes, null and {} at any level mean that there is
// nothing, as the agent writes all three; public settings may also be a string that holds JSON, as
// old fabrics sent them. Whatever else is not of the right kind is an error that says where and
// never quotes: the file may hold secrets in the wrong place.
func ParseEnvelope(content []byte) (Envelope, error) {
	content = withoutMark(content)
	if len(bytes.TrimSpace(content)) == 0 {
		return Envelope{}, nil
	}
	if err := checkJSON(content, ""); err != nil {
		return Envelope{}, err
	}
	settings, err := handlerSettings(content)
	if err != nil {
		return Envelope{}, err
	}
	var envelope Envelope
	if envelope.Public, err = publicSettings(settings["publicSettings"]); err != nil {
		return Envelope{}, err
	}
	if envelope.Protected, err = textMember(settings, "protectedSettings"); err != nil {
		return Envelope{}, err
	}
	envelope.Thumbprint, err = textMember(settings, "protectedSettingsCertThumbprint")
	return envelope, err
}

const settingsPlace = "runtimeSettings[0].handlerSettings"

// handlerSettings walks down to the three members that count.
func handlerSettings(content []byte) (map[string]json.RawMessage, error) {
	top, err := object(content, "")
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if json.Unmarshal(orNull(top["runtimeSettings"]), &list) != nil {
		return nil, envelopeFault("runtimeSettings", "is not an array")
	}
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > 1 {
		return nil, envelopeFault("runtimeSettings", "has %d entries, but one is all there can be", len(list))
	}
	first, err := object(list[0], "runtimeSettings[0]")
	if err != nil {
		return nil, err
	}
	return object(orNull(first["handlerSettings"]), settingsPlace)
}

func publicSettings(raw json.RawMessage) (json.RawMessage, error) {
	const place = settingsPlace + ".publicSettings"
	var text string
	if len(raw) > 0 && raw[0] == '"' && json.Unmarshal(raw, &text) == nil {
		if strings.TrimSpace(text) == "" {
			return nil, nil
		}
		raw = json.RawMessage(text)
		if err := checkJSON(raw, place); err != nil {
			return nil, err
		}
	}
	members, err := object(orNull(raw), place)
	if err != nil || members == nil {
		return nil, err
	}
	return raw, nil
}

func textMember(settings map[string]json.RawMessage, key string) (string, error) {
	var text string
	if json.Unmarshal(orNull(settings[key]), &text) != nil {
		return "", envelopeFault(settingsPlace+"."+key, "is not a string")
	}
	return text, nil
}

// object gives the members of a JSON object, and nil for null.
func object(raw json.RawMessage, place string) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil, envelopeFault(place, "is not a JSON object")
	}
	return members, nil
}

func orNull(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("null")
	}
	return raw
}

// checkJSON says where JSON breaks, by line and column (in characters, from 1), in words of its
// own: the words of encoding/json quote a character.
func checkJSON(content []byte, place string) error {
	if offset := firstInvalid(content); offset >= 0 {
		return envelopeFault(place, "is not UTF-8 at %s", position(content, offset))
	}
	var syntax *json.SyntaxError
	err := json.Unmarshal(content, new(json.RawMessage))
	if errors.As(err, &syntax) {
		// Offset counts the bytes up to and with the wrong one, which a missing end does not have.
		offset := min(max(int(syntax.Offset)-1, 0), len(content))
		return envelopeFault(place, "is not valid JSON at %s", position(content, offset))
	}
	if err != nil {
		return envelopeFault(place, "is not valid JSON")
	}
	return nil
}

func firstInvalid(content []byte) int {
	for i := 0; i < len(content); {
		r, size := utf8.DecodeRune(content[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return -1
}

func position(content []byte, offset int) string {
	before := content[:offset]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("line %d, column %d", line, column)
}

func envelopeFault(place, format string, args ...any) error {
	return fault.New(fault.SettingsFile, place,
		"send settings that are a JSON object, through the portal, a template or the command line tools", format, args...)
}
