package reference

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

const introduction = `# Settings

<!-- Written by "make docs" from the JSON Schemas; changes here are overwritten. -->

Settings come in two parts. *Public* settings can be read by whoever may read the VM's description;
*protected* settings travel encrypted, and only the VM reads them. Both are JSON objects, and every key
may be left out. A key that is not listed here is a fault, which names its place and the nearest known key.
` + "`docker-extension schema public` and `docker-extension schema protected`" + ` print the JSON Schemas that
decide. What is wrong is told as in [faults.md](faults.md), with the codes of [errors.md](errors.md).
`

// Settings gives docs/settings.md. In: the JSON Schemas of the public and the protected settings. The
// error says what in them cannot be read.
func Settings(public, protected string) (string, error) {
	page := introduction
	for _, section := range []struct{ title, name, text string }{
		{"Public settings", "publicSettings", public}, {"Protected settings", "protectedSettings", protected},
	} {
		root, err := read(section.text)
		if err != nil {
			return "", fmt.Errorf("%s: %w", section.name, err)
		}
		p := &part{}
		p.keys("", root)
		page += fmt.Sprintf("\n## %s\n\n%s\n\n%s", section.title, root.Description, p.page.String())
		page += p.endnotes()
	}
	return page, nil
}

// part is the text of one part of the settings.
type part struct {
	page          strings.Builder
	old, reserved []string // keys that get a line at the end
}

// keys tells of all keys of an object, each followed by those in it.
func (p *part) keys(place string, s *schema) {
	for _, m := range s.Properties {
		path := strings.TrimPrefix(place+"."+m.name, ".")
		switch {
		case m.schema.Reserved:
			p.reserved = append(p.reserved, "`"+path+"`")
		case m.schema.Deprecated:
			p.old = append(p.old, fmt.Sprintf("| `%s` | %s | %s |", path, m.schema.Title, m.schema.Description))
		default:
			p.key(path, m.schema, slices.Contains(s.Required, m.name))
			p.keys(path, m.schema)
		}
	}
}

// key tells of one key.
func (p *part) key(path string, s *schema, required bool) {
	fmt.Fprintf(&p.page, "### `%s`\n\n%s. %s\n\n", path, s.Title, s.Description)
	fmt.Fprintf(&p.page, "- Value: %s\n", s.kind())
	if required {
		p.page.WriteString("- Needed where the object around it is there\n")
	}
	if s.Default != nil {
		fmt.Fprintf(&p.page, "- Default: `%s`\n", compact(s.Default))
	}
	for _, example := range s.Examples {
		fmt.Fprintf(&p.page, "- Example: `%s`\n", compact(example))
	}
	p.page.WriteString("\n")
}

// endnotes tells of old and of reserved keys.
func (p *part) endnotes() string {
	text := ""
	if len(p.old) > 0 {
		text += "### Old keys\n\nThey work, with a note in the status. An old key and its successor together are a fault.\n\n" +
			"| key | what it was | now |\n|---|---|---|\n" + strings.Join(p.old, "\n") + "\n\n"
	}
	if len(p.reserved) > 0 {
		text += "Reserved for later, and a fault today: " + strings.Join(p.reserved, ", ") + ".\n"
	}
	return text
}

// kind says in words what a value may be.
func (s *schema) kind() string {
	if s.Enum != nil {
		return s.choices()
	}
	if s.Minimum != nil && s.Maximum != nil && slices.Equal(s.Type, words{"integer", "string"}) {
		return fmt.Sprintf("a whole number from %d to %d; also as a string", *s.Minimum, *s.Maximum)
	}
	names := map[string]string{
		"integer": "a whole number", "string": "a string", "object": "an object", "array": "a list", "boolean": "true or false",
	}
	var kinds []string
	for _, t := range s.Type {
		name := names[t]
		if t == "array" && s.Items != nil && slices.Equal(s.Items.Type, words{"string"}) {
			name = "a list of strings"
		}
		kinds = append(kinds, name)
	}
	return strings.Join(kinds, " or ")
}

// choices lists the values; true and false may be strings, too, as old portals sent them.
func (s *schema) choices() string {
	var values []string
	for _, value := range s.Enum {
		if text := compact(value); text != `"true"` && text != `"false"` && text != `"True"` && text != `"False"` {
			values = append(values, "`"+text+"`")
		}
	}
	text := strings.Join(values, ", ")
	if len(values) < len(s.Enum) {
		text += "; also as a string"
	}
	return text
}

// compact writes JSON on one line, with a blank after each colon and comma of its own.
func compact(value json.RawMessage) string {
	return strings.Join(strings.Fields(string(value)), " ")
}
