package dockerd

import (
	"errors"
	"strings"
)

// word is one argument as dockerd would get it, and the option that it comes from.
type word struct {
	text string
	item int // index in docker.options
}

var (
	errQuote = errors.New("has a quote that is not closed")
	errEmpty = errors.New("is empty")
)

// splitItem cuts one option into arguments. An item that begins with a dash is split at blanks as a
// shell does it, because the 2015 extension pasted all items into one command line; any other item
// is the value of the flag before it and stays whole, without the quotes around it.
func splitItem(option string, item int) ([]word, error) {
	option = strings.TrimSpace(option)
	if option == "" {
		return nil, errEmpty
	}
	if !strings.HasPrefix(option, "-") {
		return []word{{unquote(option), item}}, nil
	}
	var s splitter
	for _, r := range option {
		s.take(r)
	}
	if s.quote != 0 || s.escaped {
		return nil, errQuote
	}
	s.end()
	words := make([]word, len(s.words))
	for i, text := range s.words {
		words[i] = word{text, item}
	}
	return words, nil
}

// unquote takes one pair of equal quotes off a value.
func unquote(text string) string {
	if len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		return text[1 : len(text)-1]
	}
	return text
}

// splitter splits a line into words by the shell's rules of quoting, without expansions.
type splitter struct {
	words   []string
	word    strings.Builder
	open    bool // a word has begun, perhaps with ""
	quote   rune // the quote that we are in, or 0
	escaped bool // the character before was a backslash
}

func (s *splitter) take(r rune) {
	switch {
	case s.escaped:
		s.escaped = false
		s.escape(r)
	case r == '\\' && s.quote != '\'':
		s.escaped = true
	case s.quote != 0:
		s.quoted(r)
	case r == '"' || r == '\'':
		s.quote, s.open = r, true
	case strings.ContainsRune(" \t\r\n", r):
		s.end()
	default:
		s.add(r)
	}
}

// escape takes the character after a backslash. Within double quotes the backslash stays, too, unless the
// character means something there; before the end of a line both go (POSIX, Shell Command Language, 2.2).
func (s *splitter) escape(r rune) {
	if s.quote == '"' && !strings.ContainsRune("$`\"\\\n", r) {
		s.add('\\')
	}
	if r != '\n' {
		s.add(r)
	}
}

func (s *splitter) quoted(r rune) {
	if r == s.quote {
		s.quote = 0
		return
	}
	s.add(r)
}

func (s *splitter) add(r rune) {
	s.word.WriteRune(r)
	s.open = true
}

func (s *splitter) end() {
	if s.open {
		s.words = append(s.words, s.word.String())
		s.word.Reset()
		s.open = false
	}
}
