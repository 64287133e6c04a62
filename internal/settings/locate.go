package settings

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"docker-extension/internal/fault"
)

// Position is a line and a column in a text, both from 1; a column counts characters. The zero value is
// no position.
type Position struct{ Line, Column int }

// Places tells where the places of one section stand in its text.
type Places struct {
	section section
	data    []byte
	offsets map[string]int // of the first byte of each key, or item of a list
	broken  int            // where the text stops being JSON; -1 if it does not
}

// PublicPlaces looks through the text of public settings. Any bytes are fine.
func PublicPlaces(data []byte) Places { return places(public, data) }

// ProtectedPlaces looks through the text of protected settings. Any bytes are fine.
func ProtectedPlaces(data []byte) Places { return places(protected, data) }

func places(s section, data []byte) Places {
	p := Places{section: s, data: data, offsets: map[string]int{}}
	var err error
	if p.broken, err = brokenAt(data); err == nil {
		l := locator{data: data, decoder: json.NewDecoder(bytes.NewReader(data)), found: p.offsets}
		l.value(string(s), l.next())
	}
	return p
}

// Has tells whether a place lies in this section.
func (p Places) Has(place string) bool { return within(place, string(p.section)) }

// Position gives where a place stands, or the nearest place around it that is in the text. Where the text
// is not JSON it is the point from which it is none.
func (p Places) Position(place string) Position {
	if !p.Has(place) {
		return Position{}
	}
	if p.broken >= 0 {
		return positionOf(p.data, p.broken)
	}
	for ; place != ""; place = outer(place) {
		if offset, ok := p.offsets[place]; ok {
			return positionOf(p.data, offset)
		}
	}
	return Position{}
}

// positionOf gives the position of a byte.
func positionOf(data []byte, offset int) Position {
	before := data[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return Position{Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(before[start:])}
}

// locator walks through valid JSON and notes where everything stands.
type locator struct {
	data    []byte
	decoder *json.Decoder
	found   map[string]int
}

// next gives where the next token begins.
func (l *locator) next() int {
	here := int(l.decoder.InputOffset())
	for here < len(l.data) && strings.IndexByte(" \t\r\n,:", l.data[here]) >= 0 {
		here++
	}
	return here
}

// value notes that a place stands at an offset, and goes into it.
func (l *locator) value(place string, offset int) {
	l.found[place] = offset
	token, err := l.decoder.Token()
	if err != nil {
		return
	}
	switch token {
	case json.Delim('{'):
		for l.decoder.More() {
			key := l.next()
			name, err := l.decoder.Token()
			text, ok := name.(string)
			if err != nil || !ok {
				return
			}
			l.value(fault.Member(place, text), key)
		}
		_, _ = l.decoder.Token()
	case json.Delim('['):
		for i := 0; l.decoder.More(); i++ {
			l.value(place+"["+strconv.Itoa(i)+"]", l.next())
		}
		_, _ = l.decoder.Token()
	}
}
