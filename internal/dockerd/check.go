package dockerd

import (
	"encoding/json"
	"maps"
	"slices"

	"docker-extension/internal/fault"
	"docker-extension/internal/nearest"
)

// CheckDaemon says what a daemon, or the extension, would not take of an object that is meant for
// daemon.json: unknown keys (with the nearest known one), keys that were removed or that belong to
// the extension or to the packaged unit, and values of the wrong JSON type.
//
// In: the object's members, and its place for faults. Out: the faults, sorted by key, each with the
// place of its key; none if the object can be used. Values are never quoted.
func CheckDaemon(daemon map[string]json.RawMessage, place string) fault.List {
	var faults fault.List
	for _, name := range slices.Sorted(maps.Keys(daemon)) {
		faults = append(faults, checkKey(name, daemon[name], fault.Member(place, name))...)
	}
	return faults
}

func checkKey(name string, value json.RawMessage, place string) fault.List {
	key, known := findKey(name)
	switch {
	case !known:
		return fault.List{invalid(place, unknownKeyHint(name), "is not a key that dockerd reads")}
	case key.Removed != "":
		return fault.List{invalid(place, key.Instead, "was removed in Docker %s", key.Removed)}
	case key.Refused != "":
		return fault.List{invalid(place, key.Instead, "%s", key.Refused)}
	case key.Kind.takesEmpty() && Unset(value):
		return nil
	}
	var faults fault.List
	for _, wrong := range misfits(key.Kind, name, value) {
		faults = append(faults, invalid(place+wrong.at, wrong.hintInFile(), "%s", wrong.problem))
	}
	return faults
}

// Unset tells whether a daemon reads a key with this value as if it were not there: it is not, or it is an
// empty string, in whose place MergeDaemonConfigurations of moby daemon/config/config.go puts the default.
// The reference's full example of a daemon.json is full of such keys.
func Unset(value json.RawMessage) bool { return len(value) == 0 || string(value) == `""` }

// unknownKeyHint names what was probably meant: the key of a flag, or a key with a similar name.
// dockerd itself says nothing about a flag's name in the file (label for labels): it ignores it.
func unknownKeyHint(name string) string {
	for _, f := range Flags() {
		if name == "" || f.Long != name && f.Short != name {
			continue
		}
		switch {
		case f.Kind == Proxies:
			return "put it inside of proxies"
		case f.Key != "":
			return "use " + f.Key + ", the key for this flag"
		default:
			return f.Instead
		}
	}
	var known []string
	for _, k := range Keys() {
		known = append(known, k.Name)
	}
	if guess := nearest.Name(name, known); guess != "" {
		return "use " + guess + ", the nearest key, or leave it out"
	}
	return "leave it out, or see the dockerd reference for the key that is meant"
}

// Union gives one set of keys of docker.options and docker.daemon. They may share an object, such as
// log-opts, as long as they do not say different things of one member of it. Two equal values are fine.
//
// In: the result of Translate, the members of docker.daemon, and the place of the latter. Out: the keys,
// of docker.daemon where the two differ, and the faults, sorted by key.
func Union(options, daemon map[string]json.RawMessage, place string) (map[string]json.RawMessage, fault.List) {
	all := maps.Clone(options)
	if all == nil {
		all = map[string]json.RawMessage{}
	}
	maps.Copy(all, daemon)
	var faults fault.List
	index := newIndex()
	for _, name := range slices.Sorted(maps.Keys(options)) {
		value, both := daemon[name]
		if !both || index.depth(name) > 0 && !isObject(value) {
			continue
		}
		ours, theirs := index.spread(map[string]json.RawMessage{name: options[name]}), index.spread(map[string]json.RawMessage{name: value})
		for _, path := range slices.Sorted(maps.Keys(ours)) {
			if other, same := theirs[path]; same && !equal(ours[path], other) {
				faults = append(faults, invalid(placed(place, path), "say it in one of the two places", "differs from what docker.options says"))
			}
		}
		maps.Copy(ours, theirs)
		all[name] = index.withoutEmpty(ours).document()[name]
	}
	return all, faults
}

// isObject tells whether a value is an object.
func isObject(value json.RawMessage) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(value, &members) == nil && members != nil
}
