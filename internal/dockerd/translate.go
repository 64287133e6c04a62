package dockerd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"docker-extension/internal/fault"
)

// Translate turns a list of dockerd flags into the keys of daemon.json that say the same.
//
// In: the options as the 2015 extension took them (short and long flags, "--flag value" and
// "--flag=value" in one item, flag and value as two items, quoted values, repeated flags for lists),
// and the place of the list for faults. Out: JSON values by key; notes for the person, one sentence
// each, about flags that have no effect; and every fault, with the place of its item. With faults,
// the keys are those that could be read. What -H and --host say is for Listeners.
func Translate(options []string, place string) (keys map[string]json.RawMessage, notes []string, faults fault.List) {
	uses, faults := parse(options, place)
	t := &translator{place: place, found: map[string]*gathered{}, faults: faults}
	for _, u := range uses {
		t.translate(u)
	}
	slices.SortStableFunc(t.faults, func(a, b *fault.Fault) int { return itemOf(a) - itemOf(b) })
	return t.keys(), t.notes, t.faults
}

// itemOf gives the index at the end of a fault's place.
func itemOf(f *fault.Fault) (item int) {
	_, _ = fmt.Sscanf(f.Place[strings.LastIndexByte(f.Place, '[')+1:], "%d", &item)
	return item
}

type translator struct {
	place  string
	found  map[string]*gathered
	notes  []string
	faults fault.List
}

// gathered is what all uses of the flags of one key say together.
type gathered struct {
	value any            // scalar kinds
	list  []any          // list kinds
	items map[any]any    // what is in the list, by what tells it apart
	tree  map[string]any // object kinds
}

func (t *translator) fail(u use, hint, format string, args ...any) {
	t.faults = append(t.faults, invalid(at(t.place, u.item), hint, format, args...))
}

func (t *translator) translate(u use) {
	switch {
	case u.flag.Removed != "":
		t.fail(u, u.flag.Instead, "--%s was removed in Docker %s", u.flag.Long, u.flag.Removed)
	case u.flag.Refused != "":
		t.fail(u, u.flag.Instead, "--%s %s", u.flag.Long, u.flag.Refused)
	case u.flag.Long == "host": // Listeners reads it
	default:
		t.add(u)
	}
	if note := noteOn(u.flag.Long); note != "" && !slices.Contains(t.notes, note) {
		t.notes = append(t.notes, note)
	}
}

// noteOn says what a person would not expect of a flag that is taken.
func noteOn(flag string) string {
	switch flag {
	case "group":
		// moby daemon/listeners/listeners_linux.go looks at the group for unix://, not for fd://.
		return "--group has no effect on /run/docker.sock: systemd opens it, with the group docker"
	case "allow-nondistributable-artifacts":
		return "--allow-nondistributable-artifacts has no effect from Docker 28.0 on"
	default:
		return ""
	}
}

// add reads the value of one use and gathers it with the others of its key.
func (t *translator) add(u use) {
	parts, err := read(u.flag, u.value)
	if err != nil {
		t.fail(u, fmt.Sprintf("write it like --%s=%s", u.flag.Long, u.flag.Kind.example()), "the value of --%s %w", u.flag.Long, err)
		return
	}
	g := t.found[u.flag.Key]
	if g == nil {
		g = &gathered{items: map[any]any{}, tree: map[string]any{}}
		t.found[u.flag.Key] = g
	}
	for _, p := range parts {
		t.gather(u, g, p)
	}
}

func (t *translator) gather(u use, g *gathered, p part) {
	if wrong := misfits(elementOf(u.flag.Kind), u.flag.Key, marshal(p.value)); len(p.path) == 0 && len(wrong) > 0 {
		t.fail(u, wrong[0].hintFor(u.flag), "the value of --%s %s", u.flag.Long, wrong[0].problem)
		return
	}
	switch {
	case u.flag.Kind.isList():
		t.gatherItem(u, g, p.value)
	case u.flag.Kind.isObject():
		if !plant(g.tree, p.path, p.value) {
			t.fail(u, "give it once", "--%s gives %s a second value", u.flag.Long, printable(strings.Join(p.path, ".")))
		}
	case g.value != nil && g.value != p.value:
		t.fail(u, "give it once", "--%s is given twice, with different values", u.flag.Long)
	default:
		g.value = p.value
	}
}

// gatherItem adds an item to a list that does not have it yet. Two labels with one key and different
// values stop the daemon ("conflict labels").
func (t *translator) gatherItem(u use, g *gathered, item any) {
	apart := item
	if u.flag.Kind == Labels {
		apart = labelKey(item)
	}
	old, there := g.items[apart]
	switch {
	case !there:
		g.items[apart] = item
		g.list = append(g.list, item)
	case old != item:
		t.fail(u, "give each label once", "--label gives one label a second value")
	}
}

// plant sets a member of a tree of objects and tells whether it had no other value before.
func plant(tree map[string]any, path []string, value any) bool {
	name := path[0]
	if len(path) > 1 {
		if tree[name] == nil {
			tree[name] = map[string]any{}
		}
		return plant(tree[name].(map[string]any), path[1:], value)
	}
	if old, ok := tree[name]; ok && old != value {
		return false
	}
	tree[name] = value
	return true
}

// keys gives what was gathered as JSON.
func (t *translator) keys() map[string]json.RawMessage {
	keys := map[string]json.RawMessage{}
	for key, g := range t.found {
		switch {
		case g.value != nil:
			keys[key] = marshal(g.value)
		case len(g.list) > 0:
			keys[key] = marshal(g.list)
		case len(g.tree) > 0:
			keys[key] = marshal(g.tree)
		}
	}
	return keys
}
