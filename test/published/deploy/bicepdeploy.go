package deploy

import (
	"fmt"
	"maps"
)

// deploy gives the resources and the outputs in the form of a template of Azure Resource Manager.
func (f *bicepFile) deploy(values map[string]any) (resources []map[string]any, outputs map[string]any, err error) {
	scope := map[string]any{}
	for name, p := range f.params {
		if scope[name], err = p.bicep(name, values); err != nil {
			return nil, nil, err
		}
	}
	for name := range values {
		if _, known := f.params[name]; !known {
			return nil, nil, fmt.Errorf("there is no parameter %s", name)
		}
	}
	for _, r := range f.resources {
		scope[r.symbol] = func() (any, error) { return r.seen(scope) }
	}
	for _, r := range f.resources {
		resource, err := r.deploy(scope)
		if err != nil {
			return nil, nil, fmt.Errorf("resource %s: %w", r.symbol, err)
		}
		resources = append(resources, resource)
	}
	outputs = map[string]any{}
	for name, value := range f.outputs {
		if outputs[name], err = value(scope); err != nil {
			return nil, nil, fmt.Errorf("output %s: %w", name, err)
		}
	}
	return resources, outputs, nil
}

// bicep gives a parameter's value.
func (p parameter) bicep(name string, values map[string]any) (any, error) {
	if value, given := values[name]; given {
		return value, p.check(value)
	}
	late, ok := p.Default.(bicepValue)
	if !ok {
		return nil, fmt.Errorf("nothing is given for parameter %s, which has no default", name)
	}
	value, err := late(nil)
	if err != nil {
		return nil, fmt.Errorf("parameter %s: %w", name, err)
	}
	return value, p.check(value)
}

// deploy gives one resource; the name of one in a parent begins with the parent's, as in a template.
func (r bicepResource) deploy(scope map[string]any) (map[string]any, error) {
	value, err := r.body(scope)
	if err != nil {
		return nil, err
	}
	resource, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("its body is no object")
	}
	resource = maps.Clone(resource)
	resource["type"], resource["apiVersion"] = r.kind, r.version
	if parent, ok := resource["parent"].(map[string]any); ok {
		resource["name"] = fmt.Sprintf("%v/%v", parent["name"], resource["name"])
		delete(resource, "parent")
	}
	return resource, nil
}

// seen is what other resources may use of this one: its id, its name, its properties, with ids for what
// lies in its lists, and what the platform fills in.
func (r bicepResource) seen(scope map[string]any) (any, error) {
	resource, err := r.deploy(scope)
	if err != nil {
		return nil, err
	}
	id, err := resourceID([]any{r.kind, resource["name"]})
	if err != nil {
		return nil, err
	}
	resource["id"] = id
	properties, ok := resource["properties"].(map[string]any)
	if !ok {
		return resource, nil
	}
	properties = maps.Clone(properties)
	for key, value := range properties {
		if list, ok := value.([]any); ok {
			properties[key] = identified(list, fmt.Sprintf("%v/%s/", id, key))
		}
	}
	if r.kind == "Microsoft.Network/publicIPAddresses" {
		maps.Copy(properties, fqdn(nil).(map[string]any))
	}
	resource["properties"] = properties
	return resource, nil
}

// identified gives each named item of a list its id.
func identified(list []any, prefix string) []any {
	all := make([]any, len(list))
	for i, item := range list {
		all[i] = item
		if object, ok := item.(map[string]any); ok && object["name"] != nil {
			object = maps.Clone(object)
			object["id"] = prefix + fmt.Sprint(object["name"])
			all[i] = object
		}
	}
	return all
}
