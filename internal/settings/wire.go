package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"docker-extension/internal/secret"
)

// The shapes of the two sections, as they come. A schema has approved of what is decoded into them.
type (
	publicWire struct {
		Docker      dockerWire        `json:"docker"`
		Compose     json.RawMessage   `json:"compose"`
		Environment map[string]string `json:"compose-environment"`
		Cloud       Cloud             `json:"azure-environment"`
		Uninstall   struct {
			PurgeData looseBool `json:"purgeData"`
		} `json:"uninstall"`

		DockerPort  *looseInt       `json:"dockerport"`
		ComposeUp   json.RawMessage `json:"composeup"`
		InstallOnly *looseBool      `json:"installonly"`
		Version     json.RawMessage `json:"version"`
	}

	dockerWire struct {
		Port    *looseInt                  `json:"port"`
		TLS     *looseBool                 `json:"tls"`
		Options []string                   `json:"options"`
		Daemon  map[string]json.RawMessage `json:"daemon"`
		Source  sourceWire                 `json:"source"`
		Version string                     `json:"version"`
		Hold    looseBool                  `json:"hold"`
		Wait    *looseInt                  `json:"waitMinutes"`
		Users   *[]string                  `json:"users"`
		Proxy   struct {
			HTTP  string `json:"http"`
			HTTPS string `json:"https"`
			No    string `json:"no"`
		} `json:"proxy"`
	}

	protectedWire struct {
		Certs       certsWire                `json:"certs"`
		Login       loginsWire               `json:"login"`
		Environment map[string]secret.Secret `json:"environment"`

		CA         secret.Secret `json:"ca"`
		ServerCert secret.Secret `json:"server-cert"`
		ServerKey  secret.Secret `json:"server-key"`
	}

	certsWire struct {
		CA   secret.Secret `json:"ca"`
		Cert secret.Secret `json:"cert"`
		Key  secret.Secret `json:"key"`
	}

	mirrorWire struct {
		URL         string   `json:"url"`
		Suite       string   `json:"suite"`
		Component   string   `json:"component"`
		Key         string   `json:"key"`
		Fingerprint string   `json:"fingerprint"`
		Packages    []string `json:"packages"`
	}

	loginWire struct {
		Server   string        `json:"server"`
		Username string        `json:"username"`
		Password secret.Secret `json:"password"`
	}
)

// decode fills a wire struct from a tree. The tree is written out again first: what was cut out of
// it is gone, and parts that are only passed on keep their numbers as they were written.
func decode(tree, wire any) error {
	if tree == nil {
		return nil
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(tree); err != nil {
		return fmt.Errorf("cannot write the settings down: %w", err)
	}
	if err := json.Unmarshal(text.Bytes(), wire); err != nil {
		return fmt.Errorf("the schema lets something through that cannot be decoded into %T", wire)
	}
	return nil
}

// looseInt is a whole number, or a string with one: old portals sent all values as strings.
type looseInt int

// UnmarshalJSON reads 2376, "2376" and 2376.0, which JSON Schema calls an integer, too.
func (i *looseInt) UnmarshalJSON(data []byte) error {
	number, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err != nil {
		return fmt.Errorf("not a number")
	}
	*i = looseInt(number)
	return nil
}

// looseBool is a boolean, or a string with one. "True" is what string(true) gives in a template.
type looseBool bool

// UnmarshalJSON reads true, "true" and "True", and the same with false.
func (b *looseBool) UnmarshalJSON(data []byte) error {
	*b = looseBool(strings.EqualFold(strings.Trim(string(data), `"`), "true"))
	return nil
}

// sourceWire is a word or an object.
type sourceWire struct {
	kind   SourceKind
	mirror mirrorWire
}

// UnmarshalJSON reads "distro", "docker" or an object.
func (s *sourceWire) UnmarshalJSON(data []byte) error {
	if data[0] == '"' {
		return json.Unmarshal(data, &s.kind)
	}
	s.kind = SourceMirror
	return json.Unmarshal(data, &s.mirror)
}

// loginsWire is one account or a list of them.
type loginsWire []loginWire

// UnmarshalJSON reads an object or a list of objects.
func (l *loginsWire) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return json.Unmarshal(data, (*[]loginWire)(l))
	}
	*l = make([]loginWire, 1)
	return json.Unmarshal(data, &(*l)[0])
}
