package settings

import (
	"strconv"
	"strings"

	"docker-extension/internal/fault"
)

// section is one of the two halves of the settings, named as the agent's file names it.
type section string

const (
	public    section = "publicSettings"
	protected section = "protectedSettings"
)

// PlacePublic gives the place of a key for a fault: "docker.options[0]" becomes
// "publicSettings.docker.options[0]".
func PlacePublic(path string) string { return public.place(path) }

// PlaceProtected is PlacePublic for the protected settings.
func PlaceProtected(path string) string { return protected.place(path) }

func (s section) place(path string) string {
	if path == "" {
		return string(s)
	}
	return string(s) + "." + path
}

// placeOf gives the place of a value from the way to it through tree; a step is the name of a
// member, or the index of an item.
func (s section) placeOf(tree any, steps []string) string {
	place := string(s)
	for _, step := range steps {
		switch node := tree.(type) {
		case []any:
			place += "[" + step + "]"
			tree = item(node, step)
		case map[string]any:
			place = fault.Member(place, step)
			tree = node[step]
		default:
			place = fault.Member(place, step)
		}
	}
	return place
}

func item(list []any, step string) any {
	i, err := strconv.Atoi(step)
	if err != nil || i < 0 || i >= len(list) {
		return nil
	}
	return list[i]
}

// within tells whether place is outer or a place in it.
func within(place, outer string) bool {
	rest, ok := strings.CutPrefix(place, outer)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// outer gives the place around a place; "" around a section.
func outer(place string) string {
	return place[:max(0, strings.LastIndexAny(place, ".["))]
}
