package deploy

import (
	"fmt"
	"maps"
)

// portal is a CreateUiDefinition: what the portal asks a person, and what it hands to the template.
// readJSON refuses keys that have no place here.
type portal struct {
	Schema     string `json:"$schema"`
	Handler    string `json:"handler"`
	Version    string `json:"version"`
	Parameters struct {
		Config  map[string]any    `json:"config"`
		Basics  []control         `json:"basics"`
		Steps   []step            `json:"steps"`
		Outputs map[string]string `json:"outputs"`
	} `json:"parameters"`
}

type step struct {
	Name     string    `json:"name"`
	Label    string    `json:"label"`
	Elements []control `json:"elements"`
}

// control is an element that a person fills in, or a section with more of them.
type control struct {
	Name        string         `json:"name"`
	Type        string         `json:"type"`
	Label       string         `json:"label"`
	Default     string         `json:"defaultValue"`
	ToolTip     string         `json:"toolTip"`
	Placeholder string         `json:"placeholder"`
	MultiLine   bool           `json:"multiLine"`
	Options     map[string]any `json:"options"`
	Elements    []control      `json:"elements"`
	Constraints constraints    `json:"constraints"`
}

type constraints struct {
	Required    bool         `json:"required"`
	Accept      string       `json:"accept"`
	Validations []validation `json:"validations"`
}

// validation is a regular expression or an expression, and what is said of a value that does not fit.
type validation struct {
	Regex   string `json:"regex"`
	IsValid string `json:"isValid"`
	Message string `json:"message"`
}

// outputs gives what the template would get after a person has filled in these inputs. They have the
// form of the elements: input["engine"]["certificates"]["ca"], the basics under "basics".
func (p *portal) outputs(inputs map[string]any) (map[string]any, error) {
	f := p.functions(inputs)
	values := map[string]any{}
	for name, expression := range p.Parameters.Outputs {
		value, err := evaluate(expression, f)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", name, err)
		}
		values[name] = value
	}
	return values, nil
}

// functions gives what expressions may call. An element that is not defined is an error, and one that
// was left alone has its default.
func (p *portal) functions(inputs map[string]any) functions {
	f := portalFunctions()
	basics := filled(p.Parameters.Basics, inputs["basics"])
	f["basics"] = lookup(func(name string) (any, error) {
		value, ok := basics[name]
		if !ok {
			return nil, fmt.Errorf("there is no element %s", name)
		}
		return value, nil
	})
	f["steps"] = lookup(func(name string) (any, error) {
		for _, step := range p.Parameters.Steps {
			if step.Name == name {
				return any(filled(step.Elements, inputs[name])), nil
			}
		}
		return nil, fmt.Errorf("there is no step %s", name)
	})
	return f
}

// filled gives the elements' values: the inputs, or the defaults.
func filled(elements []control, inputs any) map[string]any {
	given, _ := inputs.(map[string]any)
	values := map[string]any{}
	for _, element := range elements {
		if element.Type == "Microsoft.Common.Section" {
			values[element.Name] = filled(element.Elements, given[element.Name])
			continue
		}
		values[element.Name] = element.Default
		if value, ok := given[element.Name]; ok {
			values[element.Name] = value
		}
	}
	return values
}

// controls gives every element by its place, such as "engine.certificates.ca".
func (p *portal) controls() map[string]control {
	all := map[string]control{}
	collect(all, "basics.", p.Parameters.Basics)
	for _, step := range p.Parameters.Steps {
		collect(all, step.Name+".", step.Elements)
	}
	return all
}

func collect(into map[string]control, prefix string, elements []control) {
	for _, element := range elements {
		into[prefix+element.Name] = element
		inner := map[string]control{}
		collect(inner, prefix+element.Name+".", element.Elements)
		maps.Copy(into, inner)
	}
}
