package deploy

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// lookup makes a function that finds a value by a name, such as parameters('vmName').
func lookup(find func(name string) (any, error)) func([]any) (any, error) {
	return func(args []any) (any, error) {
		name, err := only[string](args)
		if err != nil {
			return nil, err
		}
		return find(name)
	}
}

// only gives the one argument of a function.
func only[T any](args []any) (value T, err error) {
	if len(args) != 1 {
		return value, fmt.Errorf("%d arguments, not one", len(args))
	}
	value, ok := args[0].(T)
	if !ok {
		return value, fmt.Errorf("%v is a %T", args[0], args[0])
	}
	return value, nil
}

// format puts values into {0}, {1} and so on. Every value has to be used.
func format(args []any) (any, error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("no arguments")
	}
	used := map[int]bool{}
	text := regexp.MustCompile(`\{\d+\}`).ReplaceAllStringFunc(fmt.Sprint(args[0]), func(place string) string {
		i, err := strconv.Atoi(strings.Trim(place, "{}"))
		if err != nil || i+1 >= len(args) {
			return place
		}
		used[i] = true
		return plain(args[i+1])
	})
	if len(used) != len(args)-1 || strings.Contains(text, "{") {
		return nil, fmt.Errorf("%v does not take %d values", args[0], len(args)-1)
	}
	return text, nil
}

// plain writes a value as text, whole numbers without a point.
func plain(value any) string {
	if number, ok := value.(float64); ok {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(value)
}

// resourceID gives the end of a resource's identity, from its type and the names in it.
func resourceID(args []any) (any, error) {
	parts := strings.Split(fmt.Sprint(args[0]), "/")
	if len(parts) != len(args) {
		return nil, fmt.Errorf("the type %v needs %d names, not %d", args[0], len(parts)-1, len(args)-1)
	}
	id := "/providers/" + parts[0]
	for i, part := range parts[1:] {
		id += "/" + part + "/" + fmt.Sprint(args[i+1])
	}
	return id, nil
}

// fqdn stands for what the platform says of a public address.
func fqdn(any) any {
	return map[string]any{"dnsSettings": map[string]any{"fqdn": "mydocker.westeurope.cloudapp.azure.com"}}
}

// managerFunctions are those of Azure Resource Manager that need nothing but their arguments.
func managerFunctions() functions {
	return functions{
		"format":        format,
		"string":        func(args []any) (any, error) { return plain(args[0]), nil },
		"add":           func(args []any) (any, error) { return args[0].(float64) + args[1].(float64), nil },
		"resourceId":    resourceID,
		"reference":     func(args []any) (any, error) { return fqdn(args[0]), nil },
		"resourceGroup": func([]any) (any, error) { return map[string]any{"location": "westeurope"}, nil },
	}
}

// portalFunctions are those of CreateUiDefinition that need nothing but their arguments.
func portalFunctions() functions {
	return functions{
		"location": func([]any) (any, error) { return "westeurope", nil },
		"equals":   func(args []any) (any, error) { return args[0] == args[1], nil },
		"not": func(args []any) (any, error) {
			value, err := only[bool](args)
			return !value, err
		},
		"empty": func(args []any) (any, error) {
			text, err := only[string](args)
			return text == "", err
		},
		"int": func(args []any) (any, error) {
			text, err := only[string](args)
			if err != nil {
				return nil, err
			}
			number, err := strconv.Atoi(text)
			return float64(number), err
		},
		"if": func(args []any) (any, error) {
			if args[0].(bool) {
				return args[1], nil
			}
			return args[2], nil
		},
		"parse": func(args []any) (value any, err error) {
			text, err := only[string](args)
			if err != nil {
				return nil, err
			}
			err = json.Unmarshal([]byte(text), &value)
			return value, err
		},
		"split": func(args []any) (any, error) {
			var all []any
			for part := range strings.SplitSeq(args[0].(string), args[1].(string)) {
				all = append(all, part)
			}
			return all, nil
		},
	}
}
