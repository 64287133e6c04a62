package dockerd

import (
	"encoding/json"
	"maps"
	"slices"
)

// Merged is what daemon.json should say, and what to remember about it.
type Merged struct {
	// Content is the whole file. If the file says the same already, it is the file's own bytes.
	Content []byte
	// Changed tells whether Content differs in meaning from what is there.
	Changed bool
	// Empty tells that no key is left. Whoever created the file then removes it; if it is not there,
	// it need not be written.
	Empty bool
	// Owned are the keys that are ours, with our values; Earlier is what a person had there before.
	// Both are to be saved before Content is put in place: a run that dies in between is then
	// followed by one that knows whose keys it sees.
	Owned, Earlier map[string]json.RawMessage
	// Overridden names, sorted, the keys that are ours although somebody has given them another
	// value since: we set them again. Kept names those that we no longer want and leave alone for
	// the same reason.
	Overridden, Kept []string
}

// Merge puts the wanted keys into daemon.json, key by key of the top level, and takes out those that
// we wrote and no longer want.
//
// In: the file's present bytes (nil if it is missing); the keys that we wrote last time, with their
// values; the values that those keys had before us; the keys that we want now. A key that is not
// ours stays as it is, unless it is wanted: then its value goes to Earlier. A key that is ours and
// no longer wanted gets its earlier value back or goes - unless somebody changed or removed it since:
// what is there then is theirs. Out: the result, or a fault with code HostConfig for a file that is
// not a JSON object, has a key twice or is too large.
func Merge(present []byte, owned, earlier, wanted map[string]json.RawMessage) (Merged, error) {
	before, err := parseDocument(present)
	if err != nil {
		return Merged{}, err
	}
	m := merger{after: maps.Clone(before), owned: owned, earlier: earlier, wanted: wanted}
	m.result.Owned, m.result.Earlier = map[string]json.RawMessage{}, map[string]json.RawMessage{}
	m.set(before)
	m.drop(before)
	m.result.Empty = len(m.after) == 0
	if sameMembers(before, m.after) {
		m.result.Content = present
		return m.result, nil
	}
	m.result.Changed = true
	m.result.Content, err = format(m.after)
	return m.result, err
}

type merger struct {
	after                  map[string]json.RawMessage
	owned, earlier, wanted map[string]json.RawMessage
	result                 Merged
}

// set writes the wanted keys. What a key had before us is noted when we take it, and not again: a
// later run that finds its own older value there must not take it for a person's.
func (m *merger) set(before map[string]json.RawMessage) {
	for _, key := range slices.Sorted(maps.Keys(m.wanted)) {
		value := m.wanted[key]
		there, present := before[key]
		m.remember(key, there, present)
		m.result.Owned[key] = value
		if present && equal(there, value) {
			continue // an equal value keeps the person's way of writing it
		}
		m.after[key] = value
		if last, ours := m.owned[key]; ours && present && !equal(there, last) {
			m.result.Overridden = append(m.result.Overridden, key)
		}
	}
}

// remember notes what a wanted key had before us.
func (m *merger) remember(key string, there json.RawMessage, present bool) {
	_, ours := m.owned[key]
	old, had := m.earlier[key]
	switch {
	case ours && had:
		m.result.Earlier[key] = old
	case !ours && present:
		m.result.Earlier[key] = there
	}
}

// drop undoes the keys that are ours and no longer wanted.
func (m *merger) drop(before map[string]json.RawMessage) {
	for _, key := range slices.Sorted(maps.Keys(m.owned)) {
		if _, still := m.wanted[key]; still {
			continue
		}
		there, present := before[key]
		old, had := m.earlier[key]
		switch {
		case !present:
		case !equal(there, m.owned[key]):
			if !had || !equal(there, old) {
				m.result.Kept = append(m.result.Kept, key)
			}
		case had:
			m.after[key] = old
		default:
			delete(m.after, key)
		}
	}
}

// Same tells whether two daemon.json files mean the same. A file that is no JSON object means the same
// as none.
func Same(a, b []byte) bool {
	left, errLeft := parseDocument(a)
	right, errRight := parseDocument(b)
	return errLeft == nil && errRight == nil && sameMembers(left, right)
}

// sameMembers tells whether two objects mean the same.
func sameMembers(a, b map[string]json.RawMessage) bool {
	return maps.EqualFunc(a, b, func(x, y json.RawMessage) bool { return equal(x, y) })
}
