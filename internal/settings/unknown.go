package settings

import (
	"cmp"
	"slices"
	"strings"

	"docker-extension/internal/nearest"
)

// unknown reports a key that the schema does not have at its place, and says which one could be
// meant: the same key in another place, or the nearest one here.
func (c *check) unknown(steps []string, key string) {
	message, hint := "is not a known key", ""
	if home := c.home(steps, key); home != "" {
		message, hint = moved(c.section, home)
	} else if names, old := c.knownAt(steps); len(names) > 0 {
		hint = "use one of " + strings.Join(names, ", ") + ", or remove the key"
		if near := cmp.Or(nearest.Name(key, names), nearest.Name(key, old)); near != "" {
			hint = "use " + near + ", the nearest known key, or remove it"
		}
	}
	c.report(append(slices.Clone(steps), key), hint, message)
}

// moved says that a key of one section has its home elsewhere.
func moved(from section, home string) (message, hint string) {
	hint = "move it to " + home
	switch {
	case within(home, string(from)):
		return "is not a known key at this place", hint
	case from == public:
		return "is a secret, and public settings can be read by others", hint + ", which travels encrypted, and replace it, since others may have read it"
	default:
		return "does not belong in the protected settings", hint
	}
}

// knownAt gives the names of the keys that may stand in the object at the end of steps, today's and those of
// 2014, sorted; no reserved ones.
func (c *check) knownAt(steps []string) (names, old []string) {
	root := c.schema(c.section)
	here := root
	for _, step := range steps {
		if next, ok := here.members(root)[step]; ok {
			here = next
		}
	}
	for name, schema := range here.members(root) {
		switch {
		case schema.follow(root).flag("x-reserved"):
		case schema.flag("deprecated"):
			old = append(old, name)
		default:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	slices.Sort(old)
	return names, old
}

// home gives the place that a misplaced key belongs to; "" if no place has such a key. The other
// section comes first if it has the key in the same place, then the protected settings, so that a
// secret is told as one.
func (c *check) home(steps []string, key string) string {
	samePath := strings.Join(append(slices.Clone(steps), key), ".")
	other := public
	if c.section == public {
		other = protected
	}
	if today, _ := c.find(other, key); slices.Contains(today, samePath) {
		return other.place(samePath)
	}
	for _, s := range []section{protected, public} {
		if paths := slices.Concat(c.find(s, key)); len(paths) > 0 {
			return s.place(paths[0])
		}
	}
	return ""
}

// find gives the paths of all keys of a section with a name: today's and those of 2014, short ones
// before long ones.
func (c *check) find(s section, key string) (today, old []string) {
	root := c.schema(s)
	today, old = find(root, root, key)
	slices.SortFunc(today, shortFirst)
	slices.SortFunc(old, shortFirst)
	return today, old
}

// schema gives the schema of a section; an empty one if it is broken, which a run is told elsewhere. To
// decode one takes longer than to look through it, and there may be thousands of unknown keys.
func (c *check) schema(s section) node {
	if _, there := c.schemas[s]; !there {
		c.schemas[s], _ = s.schema()
	}
	return c.schemas[s]
}

func find(root, here node, key string) (today, old []string) {
	for name, schema := range here.members(root) {
		var paths []string
		if name == key && !schema.follow(root).flag("x-reserved") {
			paths = append(paths, name)
		}
		for _, inner := range slices.Concat(find(root, schema, key)) {
			paths = append(paths, name+"."+inner)
		}
		if schema.flag("deprecated") {
			old = append(old, paths...)
		} else {
			today = append(today, paths...)
		}
	}
	return today, old
}

func shortFirst(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
