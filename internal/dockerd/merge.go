package dockerd

import (
	"bytes"
	"encoding/json"
	"iter"
	"maps"
	"slices"
)

// Memory is what earlier runs left to know about daemon.json. All keys are paths, as in Merged.
type Memory struct {
	// Owned are the values that are ours.
	Owned map[string]json.RawMessage
	// Pending are those that a run was about to make ours and that has not been finished: the file may
	// say one or the other. Nil if there was no such run.
	Pending map[string]json.RawMessage
	// Earlier is what stood in the places of our values before us.
	Earlier map[string]json.RawMessage
}

// Merged is what daemon.json should say, and what to remember about it.
//
// The keys of the maps are paths: a key of daemon.json, or for an object that is merged member by member
// the key and the member, divided by a slash ("log-opts/max-size").
type Merged struct {
	// Content is the whole file. If the file says the same already, it is the file's own bytes.
	Content []byte
	// Changed tells whether Content differs in meaning from what is there.
	Changed bool
	// Empty tells that no key is left. Whoever created the file then removes it; if it is not there,
	// it need not be written.
	Empty bool
	// Owned are the values that are ours when Content is in place, and Earlier what a person had there
	// before. Found are the values in the file as it is that are ours. All three are to be saved before
	// Content is put in place, Owned as Pending and Found as Owned: a run that dies in between, or
	// gives way to another one, is then followed by one that knows whose values it sees.
	Owned, Earlier, Found map[string]json.RawMessage
	// Overridden names, sorted and as a person would say them, the values that are ours although
	// somebody has given them another one since: the settings have changed, or they keep the remote API
	// safe. Kept names those that stay as somebody has made them: the settings say what they said
	// before. Left names those that the settings dropped and that stay for the same reason.
	Overridden, Kept, Left []string
}

// Merge puts the wanted values into daemon.json and takes out those that we wrote and that are no longer
// wanted. Objects with free members (log-opts, runtimes, features, builder ...) are merged member by
// member, everything else is one value, lists too.
//
// In: the file's present bytes (nil if it is missing), what earlier runs left, and the keys that we want
// now. A value that is not ours stays as it is, unless it is wanted: then it goes to Earlier. A value
// that is ours and no longer wanted becomes what it was before us, or goes. What somebody has changed
// or removed since we wrote it is theirs, until the settings say something new about it; a file that is
// gone altogether is written anew. Out: the result, or a fault with code HostConfig for a file that is
// not a JSON object, has a key twice or is too large.
func Merge(present []byte, memory Memory, wanted map[string]json.RawMessage) (Merged, error) {
	before, err := parseDocument(present)
	if err != nil {
		return Merged{}, err
	}
	keys := newIndex()
	m := &merger{
		keys:   keys,
		lost:   len(bytes.TrimSpace(present)) == 0,
		before: keys.spread(escapedKeys(before)), wanted: keys.withoutEmpty(keys.spread(wanted)),
		owned: keys.spread(memory.Owned), earlier: keys.spread(memory.Earlier), pending: keys.spread(memory.Pending),
		unfinished: memory.Pending != nil,
		newEarlier: leaves{}, found: leaves{},
	}
	m.after = maps.Clone(m.before)
	m.look()
	m.drop()
	m.set()
	m.restore()
	return m.merged(present, before)
}

// withoutEmpty takes out empty objects where members are merged: they ask for nothing.
func (i index) withoutEmpty(all leaves) leaves {
	maps.DeleteFunc(all, func(path string, value json.RawMessage) bool {
		return i.depth(key(path)) > 0 && equal(value, []byte("{}"))
	})
	return all
}

type merger struct {
	keys                            index
	lost                            bool // the file is gone, or blank
	unfinished                      bool // a run before this one has not come to its end
	before, after                   leaves
	wanted, owned, pending, earlier leaves
	newEarlier, found               leaves
	dropped                         []string // paths that we took out
	result                          Merged
}

// look finds which values are ours and in the file as we left it. Those that somebody has changed are
// noted as we last wrote them, so that the next run sees the change, too.
func (m *merger) look() {
	for _, path := range m.known() {
		last, owned := m.owned[path]
		next, pending := m.pending[path]
		switch {
		case m.asAfter(m.owned, path) || owned && m.changed(path):
			if owned {
				m.found[path] = last
			}
		case pending:
			m.found[path] = next
		}
	}
}

// mine tells whether a value at a path is one that we wrote.
func (m *merger) mine(path string, value json.RawMessage) bool {
	owned, isOwned := m.owned[path]
	pending, isPending := m.pending[path]
	return isOwned && equal(owned, value) || isPending && equal(pending, value)
}

// known gives the paths that we own or were about to, sorted.
func (m *merger) known() []string {
	all := maps.Clone(m.owned)
	maps.Copy(all, m.pending)
	return slices.Sorted(maps.Keys(all))
}

// asAfter tells whether the file says at a path what it does after a run that made these values ours.
func (m *merger) asAfter(ours leaves, path string) bool {
	value, there := ours[path]
	if !there {
		value, there = m.earlier[path]
	}
	now, present := m.before[path]
	return present == there && (!there || equal(now, value))
}

// changed tells whether somebody has changed or removed a value of ours.
func (m *merger) changed(path string) bool {
	_, owned := m.owned[path]
	_, pending := m.pending[path]
	return (owned || pending) && !m.lost && !m.asAfter(m.owned, path) && !(m.unfinished && m.asAfter(m.pending, path))
}

// set writes the wanted values.
func (m *merger) set() {
	for _, path := range slices.Sorted(maps.Keys(m.wanted)) {
		value := m.wanted[path]
		m.remember(path)
		now, present := m.before[path]
		if present && equal(now, value) {
			continue // an equal value keeps the person's way of writing it
		}
		if m.changed(path) {
			if !m.firm(path) && m.mine(path, value) {
				m.result.Kept = append(m.result.Kept, said(path))
				continue
			}
			m.result.Overridden = append(m.result.Overridden, said(path))
		}
		m.displace(path)
		m.after[path] = value
	}
}

// firm tells whether a value is not for a person to change: the remote API would be open without TLS.
func (m *merger) firm(path string) bool { return m.keys[key(path)].Refused != "" }

// remember notes what a wanted path had before us. A later run that finds an older value of ours there
// must not take it for a person's.
func (m *merger) remember(path string) {
	_, owned := m.owned[path]
	_, pending := m.pending[path]
	if old, had := m.earlier[path]; had && (owned || pending) {
		m.newEarlier[path] = old
		return
	}
	if now, present := m.before[path]; present && !owned && !pending {
		m.newEarlier[path] = now
	}
}

// displace takes out what cannot stand beside a path: a value that is in it, or around it.
func (m *merger) displace(path string) {
	for other, value := range m.after {
		if !overlap(path, other) {
			continue
		}
		delete(m.after, other)
		m.newEarlier[other] = value
	}
}

// drop undoes the values that are ours and no longer wanted.
func (m *merger) drop() {
	for _, path := range m.known() {
		if _, still := m.wanted[path]; still {
			continue
		}
		now, present := m.before[path]
		old, had := m.earlier[path]
		switch {
		case m.lost:
		case m.changed(path):
			if present && (!had || !equal(now, old)) {
				m.result.Left = append(m.result.Left, said(path))
			}
		case had:
			m.after[path] = old
		default:
			delete(m.after, path)
			m.dropped = append(m.dropped, path)
		}
	}
}

// restore brings back what our values had displaced, once nothing is in its place any more.
func (m *merger) restore() {
	known := m.known()
	for _, path := range slices.Sorted(maps.Keys(m.earlier)) {
		if _, again := m.newEarlier[path]; again || slices.Contains(known, path) {
			continue
		}
		_, wanted := m.wanted[path]
		switch {
		case wanted || anyOverlap(path, maps.Keys(m.wanted)):
			m.newEarlier[path] = m.earlier[path]
		case anyOverlap(path, slices.Values(m.dropped)) && !anyOverlap(path, maps.Keys(m.after)):
			m.after[path] = m.earlier[path]
		}
	}
}

func anyOverlap(path string, others iter.Seq[string]) bool {
	for other := range others {
		if overlap(path, other) {
			return true
		}
	}
	return false
}

// merged gives the result. What did not change keeps its bytes.
func (m *merger) merged(present []byte, before map[string]json.RawMessage) (Merged, error) {
	m.result.Owned, m.result.Earlier, m.result.Found = m.wanted, m.newEarlier, m.found
	m.result.Empty = len(m.after) == 0
	if m.after.equal(m.before) {
		m.result.Content = present
		return m.result, nil
	}
	document := m.after.document()
	for name := range document {
		if path := escaped(name); m.after.below(path).equal(m.before.below(path)) {
			document[name] = before[name]
		}
	}
	m.result.Changed = true
	var err error
	m.result.Content, err = format(document)
	return m.result, err
}

// Same tells whether two daemon.json files mean the same. A file that is no JSON object means the same
// as none.
func Same(a, b []byte) bool {
	left, errLeft := parseDocument(a)
	right, errRight := parseDocument(b)
	return errLeft == nil && errRight == nil && sameMembers(left, right)
}

// sameMembers tells whether two objects mean the same.
func sameMembers(a, b map[string]json.RawMessage) bool { return leaves(a).equal(leaves(b)) }
