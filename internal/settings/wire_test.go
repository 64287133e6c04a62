package settings

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What the schemas let through has a field that takes it, and no field waits for a key that they refuse.
func TestWireStructsFitTheSchemas(t *testing.T) {
	for s, wire := range map[section]any{public: publicWire{}, protected: protectedWire{}} {
		root, err := s.schema()
		if err != nil {
			t.Fatal(err)
		}
		fits(t, root, string(s), root, reflect.TypeOf(wire))
	}
}

func fits(t *testing.T, root node, place string, here node, wire reflect.Type) {
	t.Helper()
	fields := tagged(wire)
	for name, schema := range here.members(root) {
		path := place + "." + name
		field, there := fields[name]
		delete(fields, name)
		switch {
		case schema.follow(root).flag("x-reserved") || name == "email":
			if there {
				t.Errorf("%s is not to be used, but has a field", path)
			}
		case !there:
			t.Errorf("%s has no field in %s", path, wire)
		case len(schema.members(root)) > 0:
			fits(t, root, path, schema, behind(name, field))
		}
	}
	for name := range fields {
		t.Errorf("%s has a field for %s.%s, which no schema knows", wire, place, name)
	}
}

// tagged gives the fields of a struct by their keys.
func tagged(wire reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range wire.NumField() {
		name, _, _ := strings.Cut(wire.Field(i).Tag.Get("json"), ",")
		fields[name] = wire.Field(i).Type
	}
	return fields
}

// behind gives the struct that a field is decoded into.
func behind(name string, field reflect.Type) reflect.Type {
	if name == "source" {
		return reflect.TypeOf(mirrorWire{}) // sourceWire reads it by that
	}
	for slices.Contains([]reflect.Kind{reflect.Slice, reflect.Pointer}, field.Kind()) {
		field = field.Elem()
	}
	return field
}
