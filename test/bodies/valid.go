package bodies

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// Maker makes values that a JSON Schema accepts. Values at the paths in Hooks ("docker.options") come from
// there: those that no schema can describe.
type Maker struct {
	Rand  *rand.Rand
	Hooks map[string]func(*rand.Rand) any

	root map[string]any
}

// Body gives a body as JSON. Old and reserved keys are left out.
func (m *Maker) Body(schema string) ([]byte, error) {
	m.root = nil
	if err := json.Unmarshal([]byte(schema), &m.root); err != nil {
		return nil, err
	}
	return json.Marshal(m.value("", m.root))
}

func (m *Maker) value(path string, schema map[string]any) any {
	if hook, ok := m.Hooks[path]; ok {
		return hook(m.Rand)
	}
	schema = m.follow(schema)
	if choices, ok := schema["enum"].([]any); ok {
		return pick(m.Rand, choices)
	}
	switch kind := m.kind(schema); kind {
	case "integer":
		return m.integer(schema)
	case "object":
		return m.object(path, schema)
	case "array":
		return m.array(path, schema)
	default:
		return m.text(schema)
	}
}

// follow gives a schema with what it refers to, or with the branch for a single object.
func (m *Maker) follow(schema map[string]any) map[string]any {
	all := maps.Clone(schema)
	for _, key := range []string{"$ref", "else"} {
		var target map[string]any
		switch part := schema[key].(type) {
		case string:
			target = m.at(part)
		case map[string]any:
			target = m.follow(part)
		}
		for name, value := range target {
			if _, own := all[name]; !own || name == "type" {
				all[name] = value
			}
		}
	}
	return all
}

func (m *Maker) at(reference string) map[string]any {
	here := m.root
	for step := range strings.SplitSeq(strings.TrimPrefix(reference, "#/"), "/") {
		here, _ = here[step].(map[string]any)
	}
	return m.follow(here)
}

func (m *Maker) kind(schema map[string]any) string {
	switch kind := schema["type"].(type) {
	case string:
		return kind
	case []any:
		return fmt.Sprint(pick(m.Rand, kind))
	}
	return ""
}

func (m *Maker) integer(schema map[string]any) any {
	low, _ := schema["minimum"].(float64)
	high, ok := schema["maximum"].(float64)
	if !ok {
		high = low + 1000
	}
	return int(low) + m.Rand.IntN(int(high-low)+1)
}

func (m *Maker) array(path string, schema map[string]any) any {
	items, _ := schema["items"].(map[string]any)
	least, _ := schema["minItems"].(float64)
	list := []any{}
	for range int(least) + m.Rand.IntN(3) {
		list = append(list, m.value(path+"[]", items))
	}
	return list
}

// object gives required members, some of the others, and some of free names.
func (m *Maker) object(path string, schema map[string]any) any {
	object := map[string]any{}
	required, _ := schema["required"].([]any)
	properties, _ := schema["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		inner := m.follow(properties[name].(map[string]any))
		if inner["deprecated"] == true || inner["x-reserved"] == true {
			continue
		}
		if slices.Contains(required, any(name)) || m.Rand.IntN(3) == 0 {
			object[name] = m.value(strings.TrimPrefix(path+"."+name, "."), properties[name].(map[string]any))
		}
	}
	free, _ := schema["patternProperties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(free)) {
		for range m.Rand.IntN(4) {
			object[fmt.Sprintf("VAR_%d", m.Rand.IntN(10))] = m.value(path+".*", free[name].(map[string]any))
		}
	}
	return object
}

// text gives one of the examples where there are some, else letters.
func (m *Maker) text(schema map[string]any) any {
	examples, _ := schema["examples"].([]any)
	texts := slices.DeleteFunc(slices.Clone(examples), func(e any) bool { _, ok := e.(string); return !ok })
	if len(texts) > 0 {
		return pick(m.Rand, texts)
	}
	const letters = "abcdefghijklmnopqrstuvwxyz"
	word := make([]byte, 1+m.Rand.IntN(12))
	for i := range word {
		word[i] = letters[m.Rand.IntN(len(letters))]
	}
	return string(word)
}

func pick[T any](r *rand.Rand, all []T) T { return all[r.IntN(len(all))] }
