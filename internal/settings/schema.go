package settings

import (
	_ "embed" // for the schemas
	"fmt"
	"net/url"
	"strings"
)

//go:embed public.schema.json
var publicSchema string

//go:embed protected.schema.json
var protectedSchema string

// PublicSchema gives the JSON Schema (2020-12) of the public settings.
func PublicSchema() string { return publicSchema }

// ProtectedSchema gives the JSON Schema (2020-12) of the protected settings.
func ProtectedSchema() string { return protectedSchema }

// node is a schema, decoded. Next to the keywords of JSON Schema ours say how to speak of it:
// errorMessage (as in the ajv-errors package) goes on where the value was named, x-hint is the
// hint, x-secret keeps the value out of messages although it is in the public settings.
type node map[string]any

// schema gives the schema of a section, decoded.
func (s section) schema() (node, error) {
	text := publicSchema
	if s == protected {
		text = protectedSchema
	}
	root, err := decodeTree([]byte(text))
	if err != nil {
		return nil, err
	}
	object, ok := root.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the schema of %s is not an object", s)
	}
	return object, nil
}

// at gives the schema that the fragment of a URL points to; an empty node if there is none.
func (n node) at(address string) node {
	_, pointer, _ := strings.Cut(address, "#")
	if plain, err := url.PathUnescape(pointer); err == nil {
		pointer = plain
	}
	here := n
	for step := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if step == "" {
			break
		}
		here = here.inner(strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
	}
	return here
}

// inner gives an object in a schema by its key; nil if it is none.
func (n node) inner(key string) node {
	value, _ := n[key].(map[string]any)
	return value
}

// text gives a string in a schema by its key; "" if it is none.
func (n node) text(key string) string {
	value, _ := n[key].(string)
	return value
}

// flag gives a boolean in a schema by its key; false if it is none.
func (n node) flag(key string) bool {
	value, _ := n[key].(bool)
	return value
}

// members gives the known members of an object with their schemas, following references. For what
// may be an object or a list of such objects it gives those of the object.
func (n node) members(root node) map[string]node {
	n = n.follow(root)
	if single := n.inner("else"); single != nil {
		n = single.follow(root)
	}
	known := map[string]node{}
	for name := range n.inner("properties") {
		known[name] = n.inner("properties").inner(name)
	}
	return known
}

func (n node) follow(root node) node {
	if ref := n.text("$ref"); ref != "" {
		return root.at(ref)
	}
	return n
}

// dropNulls takes null members that the schema knows out of a tree: null means "not given", as
// templates send it. What the schema does not look into stays as it is.
func (n node) dropNulls(root node, tree any) {
	switch tree := tree.(type) {
	case []any:
		for _, entry := range tree {
			if object, ok := entry.(map[string]any); ok {
				n.dropNulls(root, object)
			}
		}
	case map[string]any:
		for name, schema := range n.members(root) {
			if value, given := tree[name]; given && value == nil {
				delete(tree, name)
				continue
			}
			schema.dropNulls(root, tree[name])
		}
	}
}
