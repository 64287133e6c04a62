package reference

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// schema is the part of a JSON Schema that the reference tells of.
type schema struct {
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Type        words             `json:"type"`
	Minimum     *int              `json:"minimum"`
	Maximum     *int              `json:"maximum"`
	Enum        []json.RawMessage `json:"enum"`
	Default     json.RawMessage   `json:"default"`
	Examples    []json.RawMessage `json:"examples"`
	Deprecated  bool              `json:"deprecated"`
	Reserved    bool              `json:"x-reserved"`
	Ref         string            `json:"$ref"`
	Required    []string          `json:"required"`
	Items       *schema           `json:"items"`
	Else        *schema           `json:"else"`
	Properties  members           `json:"properties"`
	Definitions members           `json:"$defs"`
}

// words is a string or a list of them.
type words []string

// UnmarshalJSON reads both.
func (w *words) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}

// members are schemas by name, in the order of the file.
type members []member

type member struct {
	name   string
	schema *schema
}

// UnmarshalJSON keeps the order.
func (m *members) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		one := member{name: fmt.Sprint(name), schema: &schema{}}
		if err := decoder.Decode(one.schema); err != nil {
			return err
		}
		*m = append(*m, one)
	}
	return nil
}

// read gives a schema with its references followed: what stands beside a reference counts more.
func read(text string) (*schema, error) {
	root := &schema{}
	if err := json.Unmarshal([]byte(text), root); err != nil {
		return nil, fmt.Errorf("cannot read the schema: %w", err)
	}
	return root, root.resolve(root)
}

func (s *schema) resolve(root *schema) error {
	if s.Ref != "" {
		target, err := root.at(s.Ref)
		if err != nil {
			return err
		}
		s.adopt(target)
	}
	if s.Else != nil {
		if err := s.Else.resolve(root); err != nil {
			return err
		}
		s.Properties = append(s.Properties, s.Else.Properties...)
		s.Required = append(s.Required, s.Else.Required...)
	}
	for _, m := range s.Properties {
		if err := m.schema.resolve(root); err != nil {
			return err
		}
	}
	return nil
}

// adopt takes from a target what the schema does not say itself.
func (s *schema) adopt(target *schema) {
	if s.Type == nil {
		s.Type = target.Type
	}
	if s.Enum == nil {
		s.Enum = target.Enum
	}
	if s.Items == nil {
		s.Items = target.Items
	}
	s.Reserved = s.Reserved || target.Reserved
	s.Properties = slices.Concat(s.Properties, target.Properties)
	s.Required = slices.Concat(s.Required, target.Required)
}

// at follows a reference such as "#/$defs/pem" or "#/properties/docker/properties/port".
func (s *schema) at(reference string) (*schema, error) {
	here := s
	steps := strings.Split(strings.TrimPrefix(reference, "#/"), "/")
	for i := 0; i+1 < len(steps); i += 2 {
		inside := here.Properties
		if steps[i] == "$defs" {
			inside = here.Definitions
		}
		next := slices.IndexFunc(inside, func(m member) bool { return m.name == steps[i+1] })
		if next < 0 {
			return nil, fmt.Errorf("cannot follow the reference %s", reference)
		}
		here = inside[next].schema
	}
	return here, nil
}
