package bodies

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
)

// Mutate gives a body with one to three things wrong in it, or none by chance: in the text, or in what the
// text says.
func Mutate(r *rand.Rand, body []byte) []byte {
	for range 1 + r.IntN(3) {
		var tree any
		if r.IntN(2) == 0 && json.Unmarshal(body, &tree) == nil {
			if mutated, err := json.Marshal(twist(r, tree)); err == nil {
				body = mutated
			}
			continue
		}
		body = scratch(r, body)
	}
	return body
}

// scratch changes bytes.
func scratch(r *rand.Rand, body []byte) []byte {
	if len(body) == 0 {
		return []byte("{")
	}
	from := r.IntN(len(body))
	to := min(len(body), from+1+r.IntN(8))
	switch r.IntN(4) {
	case 0: // lost
		return slices.Concat(body[:from], body[to:])
	case 1: // twice
		return slices.Concat(body[:to], body[from:])
	case 2: // ended early
		return slices.Clone(body[:from])
	default:
		changed := slices.Clone(body)
		changed[from] = byte(r.IntN(256))
		return changed
	}
}

// strange are values that fit nowhere, or nearly.
func strange() []any {
	return []any{
		nil, true, "", " ", 0, -1, 2376.5, 1e300, "70000", "\x00", "é\u2028", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
		[]any{}, map[string]any{}, []any{nil}, []any{"--"}, []any{"-H"}, []any{"-H", "tcp://"}, map[string]any{"": nil}, []any{[]any{[]any{}}},
	}
}

// twist changes one value somewhere in a tree, or its name.
func twist(r *rand.Rand, tree any) any {
	switch node := tree.(type) {
	case map[string]any:
		if len(node) == 0 || r.IntN(6) == 0 {
			break
		}
		name := pick(r, slices.Sorted(maps.Keys(node)))
		if r.IntN(5) == 0 {
			node[string(scratch(r, []byte(name)))] = node[name]
			delete(node, name)
			return node
		}
		node[name] = twist(r, node[name])
		return node
	case []any:
		if len(node) == 0 || r.IntN(6) == 0 {
			break
		}
		i := r.IntN(len(node))
		node[i] = twist(r, node[i])
		return node
	}
	return pick(r, strange())
}
