package bodies

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Paths gives the places of all keys of a JSON Schema that have a value of their own, sorted, below the place
// of its section. Objects that are nothing but their members are left out, and so are keys that are reserved.
func Paths(section, schema string) ([]string, error) {
	m := &Maker{}
	if err := json.Unmarshal([]byte(schema), &m.root); err != nil {
		return nil, err
	}
	return m.paths(section, m.root), nil
}

func (m *Maker) paths(place string, schema map[string]any) (all []string) {
	schema = m.follow(schema)
	if schema["x-reserved"] == true {
		return nil
	}
	members, _ := schema["properties"].(map[string]any)
	if len(members) == 0 || alternative(schema) {
		all = append(all, place)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		inner, _ := members[name].(map[string]any)
		all = append(all, m.paths(place+"."+name, inner)...)
	}
	return all
}

// alternative tells whether a value may be something else than an object with these members.
func alternative(schema map[string]any) bool {
	_, list := schema["type"].([]any)
	return list || schema["if"] != nil
}

// Fill gives the settings with values in the places of the blanks.
func (b Body) Fill(values map[Blank]string) Body {
	var pairs []string
	for _, blank := range slices.Sorted(maps.Keys(values)) {
		quoted, _ := json.Marshal(values[blank]) // a string always can
		pairs = append(pairs, string(blank), string(quoted[1:len(quoted)-1]))
	}
	fill := strings.NewReplacer(pairs...)
	return Body{Public: fill.Replace(b.Public), Protected: fill.Replace(b.Protected)}
}
