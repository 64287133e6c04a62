package reference

import (
	"os"
	"strings"
	"testing"

	"docker-extension/internal/settings"
)

// The reference in the tree is the one that the schemas give.
func TestReferenceIsUpToDate(t *testing.T) {
	want, err := Settings(settings.PublicSchema(), settings.ProtectedSchema())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/settings.md")
	if err != nil || string(got) != want {
		t.Errorf("docs/settings.md is not what the schemas say (%v): run `make docs`", err)
	}
}

func TestSettings(t *testing.T) {
	public := `{"description": "All.", "properties": {
		"b": {"title": "Bee", "description": "Buzzes.", "$ref": "#/$defs/n", "examples": [1, {"x": "y z"}]},
		"a": {"title": "A", "description": "First.", "type": "object", "required": ["c"], "properties": {
			"c": {"title": "C", "description": "Third.", "enum": [true, false, "true"], "default": false},
			"p": {"title": "P", "description": "Fourth.", "type": ["integer", "string"], "minimum": 0, "maximum": 9}}},
		"o": {"title": "b, once", "description": "Use b.", "deprecated": true, "$ref": "#/properties/b"},
		"r": {"$ref": "#/$defs/reserved"}},
		"$defs": {"n": {"type": ["integer", "string"]}, "reserved": {"x-reserved": true}}}`
	page, err := Settings(public, `{"properties": {"l": {"title": "L", "description": "List.", "type": ["object", "array"], "else": {"$ref": "#/$defs/l"}}},
		"$defs": {"l": {"properties": {"u": {"title": "U", "description": "User.", "type": "string"}}}}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## Public settings\n\nAll.\n\n### `b`\n\nBee. Buzzes.\n\n- Value: a whole number or a string\n- Example: `1`\n- Example: `{\"x\": \"y z\"}`\n\n### `a`\n",
		"### `a.c`\n\nC. Third.\n\n- Value: `true`, `false`; also as a string\n- Needed where the object around it is there\n- Default: `false`\n",
		"### `a.p`\n\nP. Fourth.\n\n- Value: a whole number from 0 to 9; also as a string\n",
		"| `o` | b, once | Use b. |\n", "a fault today: `r`.\n", "### `l`\n\nL. List.\n\n- Value: an object or a list\n\n### `l.u`\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in\n%s", want, page)
		}
	}
	for _, broken := range []string{`[]`, `{"properties": {"a": {"$ref": "#/$defs/none"}}}`, `{"properties": {"a": 1}}`} {
		if _, err := Settings(broken, `{}`); err == nil || !strings.HasPrefix(err.Error(), "publicSettings: ") {
			t.Errorf("%s: %v", broken, err)
		}
	}
}
