package dockerd

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"docker-extension/internal/fault"
)

// leaves are the values of daemon.json by their path. A path is the key, or for the keys that are merged
// member by member the key and the names of the members, divided by slashes: "log-opts/max-size". A
// slash in a name is written ~1 and a tilde ~0, as in a JSON pointer (RFC 6901).
type leaves map[string]json.RawMessage

// index is every key by its name. Whoever asks for several keys makes it once.
type index map[string]Key

func newIndex() index {
	all := index{}
	for k := range allKeys {
		all[k.Name] = k
	}
	return all
}

// depth tells how many levels below a key are merged member by member. People think of one log option,
// one runtime, one ulimit; a list, and what describes one runtime or ulimit, is one value.
func (i index) depth(key string) int {
	switch i[key].Kind {
	case Pairs, Switches, Ulimits, Runtimes, Interface, Proxies:
		return 1
	case NestedPairs:
		return 2
	case Free:
		return maxDepth
	default:
		return 0
	}
}

// spread takes members apart into leaves. The keys may be paths already.
func (i index) spread(members map[string]json.RawMessage) leaves {
	all := leaves{}
	for path, value := range members {
		all.add(path, value, i.depth(key(path))-strings.Count(path, "/"))
	}
	return all
}

// add puts in a value, taken apart as deep as told. An empty object is a leaf.
func (l leaves) add(path string, value json.RawMessage, deep int) {
	var inner map[string]json.RawMessage
	if deep <= 0 || json.Unmarshal(value, &inner) != nil || len(inner) == 0 {
		l[path] = value
		return
	}
	for name, member := range inner {
		l.add(path+"/"+escaped(name), member, deep-1)
	}
}

// escapedKeys gives the members of a document under their paths.
func escapedKeys(members map[string]json.RawMessage) map[string]json.RawMessage {
	all := make(map[string]json.RawMessage, len(members))
	for name, value := range members {
		all[escaped(name)] = value
	}
	return all
}

// escaped and plain leave most names as they are, and a Replacer takes time to make.
func escaped(name string) string {
	if !strings.ContainsAny(name, "~/") {
		return name
	}
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

func plain(name string) string {
	if !strings.Contains(name, "~") {
		return name
	}
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}

// document puts the leaves together again. Of two leaves of which one is in the other, the longer stays.
func (l leaves) document() map[string]json.RawMessage {
	tree := map[string]any{}
	for _, path := range slices.Sorted(maps.Keys(l)) {
		here := tree
		names := strings.Split(path, "/")
		for _, name := range names[:len(names)-1] {
			inner, ok := here[plain(name)].(map[string]any)
			if !ok {
				inner = map[string]any{}
				here[plain(name)] = inner
			}
			here = inner
		}
		here[plain(names[len(names)-1])] = l[path]
	}
	members := make(map[string]json.RawMessage, len(tree))
	for key, value := range tree {
		if raw, ok := value.(json.RawMessage); ok {
			members[key] = raw
		} else {
			members[key] = marshal(value)
		}
	}
	return members
}

// below gives those leaves that are a key's own, or in it.
func (l leaves) below(key string) leaves {
	found := leaves{}
	for path, value := range l {
		if path == key || strings.HasPrefix(path, key+"/") {
			found[path] = value
		}
	}
	return found
}

func (l leaves) equal(other leaves) bool {
	return maps.EqualFunc(l, other, func(x, y json.RawMessage) bool { return equal(x, y) })
}

// overlap tells whether of two different paths one is in the other.
func overlap(a, b string) bool {
	return strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}

// said gives the path as a person would say it.
func said(path string) string { return strings.TrimPrefix(placed("", path), ".") }

// placed gives the place of a path from that of the whole.
func placed(place, path string) string {
	for name := range strings.SplitSeq(path, "/") {
		place = fault.Member(place, plain(name))
	}
	return place
}

// key gives the key of daemon.json that a path begins with.
func key(path string) string {
	name, _, _ := strings.Cut(path, "/")
	return plain(name)
}
