package settings

import (
	"strings"
	"testing"
)

// Every key says what it is for and what is wrong with a value: the messages are in the schema.
func TestSchemasSpeak(t *testing.T) {
	for _, s := range []section{public, protected} {
		root, err := s.schema()
		if err != nil {
			t.Fatal(err)
		}
		speaks(t, root, string(s), root)
	}
}

func speaks(t *testing.T, root node, place string, here node) {
	t.Helper()
	reserved := here.follow(root).flag("x-reserved")
	if here.text("title") == "" || here.text("description") == "" || (!reserved && here["examples"] == nil) {
		t.Errorf("%s lacks a title, a description or examples", place)
	}
	if here.follow(root).text("errorMessage") == "" || here.follow(root).text("x-hint") == "" {
		t.Errorf("%s lacks errorMessage or x-hint", place)
	}
	for name, inner := range here.members(root) {
		speaks(t, root, place+"."+name, inner)
	}
}

// The examples in the schemas are valid.
func TestSchemaExamples(t *testing.T) {
	for _, s := range []section{public, protected} {
		root, err := s.schema()
		if err != nil {
			t.Fatal(err)
		}
		for name, member := range root.members(root) {
			examples, _ := member["examples"].([]any)
			for _, example := range examples {
				_, faults, err := s.validate(map[string]any{name: example})
				if err != nil || len(faults) > 0 {
					t.Errorf("%s.%s: example %v: %v, %v", s, name, example, faults, err)
				}
			}
		}
	}
}

// The library gives errors of propertyNames a location that changes later.
func TestSchemasLeavePropertyNamesAlone(t *testing.T) {
	if strings.Contains(PublicSchema()+ProtectedSchema(), "propertyNames") {
		t.Error("a schema uses propertyNames")
	}
}

func TestPlaces(t *testing.T) {
	tree := map[string]any{"a": []any{map[string]any{"b.c": 1, "0": 2}}}
	tests := []struct {
		steps []string
		want  string
	}{
		{nil, "publicSettings"},
		{[]string{"a", "0"}, "publicSettings.a[0]"},
		{[]string{"a", "0", "b.c"}, `publicSettings.a[0]["b.c"]`},
		{[]string{"a", "0", "0"}, "publicSettings.a[0].0"},
		{[]string{strings.Repeat("k", 65)}, "publicSettings[a key of 65 bytes]"},
	}
	for _, test := range tests {
		if got := public.placeOf(tree, test.steps); got != test.want {
			t.Errorf("placeOf(%q) = %s, want %s", test.steps, got, test.want)
		}
	}
	if PlacePublic("docker.port") != "publicSettings.docker.port" || PlaceProtected("") != "protectedSettings" {
		t.Error("PlacePublic or PlaceProtected is wrong")
	}
}

// One section is compiled at most once in a run, and not at all when it is empty.
func BenchmarkParse(b *testing.B) {
	protected := goodCerts(b)
	bodies := map[string][2][]byte{
		"nothing":      {nil, nil},
		"public":       {[]byte(`{"docker": {"options": ["-D"]}}`), nil},
		"certificates": {[]byte(publicPort), protected},
	}
	for name, body := range bodies {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Parse(body[0], body[1], Options{Now: now}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
