package deploy

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// template is a template of Azure Resource Manager.
type template struct {
	Schema         string               `json:"$schema"`
	ContentVersion string               `json:"contentVersion"`
	Metadata       map[string]string    `json:"metadata"`
	Parameters     map[string]parameter `json:"parameters"`
	Variables      map[string]any       `json:"variables"`
	Resources      []map[string]any     `json:"resources"`
	Outputs        map[string]output    `json:"outputs"`

	used map[string]bool // parameters and variables that were asked for
}

type parameter struct {
	Type      string            `json:"type"`
	Default   any               `json:"defaultValue"`
	MinValue  *float64          `json:"minValue"`
	MaxValue  *float64          `json:"maxValue"`
	MaxLength *int              `json:"maxLength"`
	Metadata  map[string]string `json:"metadata"`
}

type output struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// secure tells whether the platform keeps the value out of its records.
func (p parameter) secure() bool { return p.Type == "securestring" || p.Type == "secureObject" }

// check tells whether a value may be given to the parameter.
func (p parameter) check(value any) error {
	kinds := map[string]string{
		"string": "string", "securestring": "string", "int": "float64", "array": "[]interface {}", "object": "map[string]interface {}",
	}
	if kind := fmt.Sprintf("%T", value); kinds[p.Type] != kind {
		return fmt.Errorf("a %s is given to a parameter of type %s", kind, p.Type)
	}
	if text, ok := value.(string); ok && p.MaxLength != nil && utf8.RuneCountInString(text) > *p.MaxLength {
		return fmt.Errorf("%q is longer than %d", text, *p.MaxLength)
	}
	if number, ok := value.(float64); ok {
		return p.checkNumber(number)
	}
	return nil
}

func (p parameter) checkNumber(number float64) error {
	switch {
	case number != float64(int(number)):
		return fmt.Errorf("%v is not whole", number)
	case p.MinValue != nil && number < *p.MinValue:
		return fmt.Errorf("%v is less than %v", number, *p.MinValue)
	case p.MaxValue != nil && number > *p.MaxValue:
		return fmt.Errorf("%v is more than %v", number, *p.MaxValue)
	}
	return nil
}

// functions gives what the template's expressions may call when it is deployed with these values.
func (t *template) functions(values map[string]any) functions {
	t.used = map[string]bool{}
	f := managerFunctions()
	f["parameters"] = lookup(func(name string) (any, error) {
		p, ok := t.Parameters[name]
		if !ok {
			return nil, fmt.Errorf("there is no parameter %s", name)
		}
		t.used[name] = true
		if value, given := values[name]; given {
			return value, p.check(value)
		}
		if p.Default == nil {
			return nil, fmt.Errorf("nothing is given for parameter %s, which has no default", name)
		}
		value, err := expand(p.Default, f)
		if err != nil {
			return nil, err
		}
		return value, p.check(value)
	})
	f["variables"] = lookup(func(name string) (any, error) {
		value, ok := t.Variables[name]
		if !ok {
			return nil, fmt.Errorf("there is no variable %s", name)
		}
		t.used[name] = true
		return expand(value, f)
	})
	return f
}

// deploy gives the resources and the outputs as the platform would see them, with these values for the
// parameters.
func (t *template) deploy(values map[string]any) (resources []map[string]any, outputs map[string]any, err error) {
	for name := range values {
		if _, known := t.Parameters[name]; !known {
			return nil, nil, fmt.Errorf("there is no parameter %s", name)
		}
	}
	f := t.functions(values)
	for i, resource := range t.Resources {
		value, err := expand(any(resource), f)
		if err != nil {
			return nil, nil, fmt.Errorf("resource %d: %w", i, err)
		}
		resources = append(resources, value.(map[string]any))
	}
	outputs = map[string]any{}
	for name, out := range t.Outputs {
		if outputs[name], err = evaluate(out.Value, f); err != nil {
			return nil, nil, fmt.Errorf("output %s: %w", name, err)
		}
	}
	return resources, outputs, nil
}

// extension is one VM extension in a deployment.
type extension struct {
	Publisher, Type, Version string
	MinorUpgrades            bool
	Public, Protected        []byte // JSON
}

// extensionOf reads the properties of an extension's resource.
func extensionOf(properties map[string]any) (extension, error) {
	known := []string{"publisher", "type", "typeHandlerVersion", "autoUpgradeMinorVersion", "settings", "protectedSettings"}
	for key := range properties {
		if !slices.Contains(known, key) {
			return extension{}, fmt.Errorf("an extension has no property %s", key)
		}
	}
	public, err := json.Marshal(properties["settings"])
	if err != nil {
		return extension{}, err
	}
	protected, err := json.Marshal(properties["protectedSettings"])
	return extension{
		Publisher:     fmt.Sprint(properties["publisher"]),
		Type:          fmt.Sprint(properties["type"]),
		Version:       fmt.Sprint(properties["typeHandlerVersion"]),
		MinorUpgrades: properties["autoUpgradeMinorVersion"] == true,
		Public:        public, Protected: protected,
	}, err
}
