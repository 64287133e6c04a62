package project

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// mentioned finds the beginning of every ${NAME} and $NAME.
var mentioned = regexp.MustCompile(`\$\{?([A-Za-z_][A-Za-z0-9_]*)`)

// variables gives the names of all variables that the file takes from compose's environment: those that
// a service or a build lists without a value, those of secrets and configs, and those in ${NAME}.
func variables(tree map[string]any) []string {
	found := map[string]bool{}
	for _, value := range object(tree["services"]) {
		s := object(value)
		listed(s["environment"], found)
		listed(object(s["build"])["args"], found)
	}
	for _, kind := range []string{"secrets", "configs"} {
		for _, value := range object(tree[kind]) {
			if name, ok := object(value)["environment"].(string); ok {
				found[name] = true
			}
		}
	}
	inTexts(tree, found)
	return slices.Sorted(maps.Keys(found))
}

// listed adds what a list of NAME or an object of NAME: null names.
func listed(value any, found map[string]bool) {
	list, _ := value.([]any)
	for _, entry := range list {
		if name, ok := entry.(string); ok && !strings.Contains(name, "=") {
			found[name] = true
		}
	}
	for name, entry := range object(value) {
		if entry == nil {
			found[name] = true
		}
	}
}

func inTexts(value any, found map[string]bool) {
	switch value := value.(type) {
	case string:
		for _, match := range mentioned.FindAllStringSubmatch(strings.ReplaceAll(value, "$$", ""), -1) {
			found[match[1]] = true
		}
	case []any:
		for _, entry := range value {
			inTexts(entry, found)
		}
	case map[string]any:
		for _, entry := range value {
			inTexts(entry, found)
		}
	}
}

// expand puts variables in, as compose does, as far as that is plain: $NAME, ${NAME}, ${NAME-default}
// and ${NAME:-default}. known is false for anything else, which is compose's to work out.
func expand(text string, environment map[string]string) (expanded string, known bool) {
	if !strings.Contains(text, "$") {
		return text, true
	}
	reference := regexp.MustCompile(`\$(?:\$|([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?-)([^${}]*))?\})`)
	expanded = reference.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$$" {
			return "\x00"
		}
		parts := reference.FindStringSubmatch(found)
		value, given := environment[parts[1]+parts[2]]
		if !given || value == "" && parts[3] == ":-" {
			return parts[4]
		}
		return strings.ReplaceAll(value, "$", "\x00")
	})
	if strings.Contains(expanded, "$") {
		return "", false
	}
	return strings.ReplaceAll(expanded, "\x00", "$"), true
}
