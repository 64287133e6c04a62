package command

import (
	"bytes"
	"strings"
)

// Bounds of what is kept of a child's output.
const (
	keep     = 64 << 10 // bytes in memory for Result.Output
	longLine = 4 << 10  // bytes after which a line is logged in pieces, whole words each

	mostLogged = 1 << 20 // bytes of one child that are logged; what it says last is in its error
)

// blanks divide the words of a line.
const blanks = " \t\r"

// tail keeps the end of what is written to it and hands it on line by line. exec.Cmd writes from
// one goroutine at a time, since standard output and standard error are the same writer.
type tail struct {
	emit   func(line string)
	kept   []byte
	cut    bool
	line   []byte
	skip   bool // to the end of a word that is too long
	logged int
}

// Write never fails: a child must not die of our bookkeeping.
func (t *tail) Write(p []byte) (int, error) {
	t.keep(p)
	t.split(p)
	return len(p), nil
}

func (t *tail) keep(p []byte) {
	t.kept = append(t.kept, p...)
	// Move only every now and then, not for each few bytes.
	if len(t.kept) > 2*keep {
		t.trim()
	}
}

func (t *tail) trim() {
	if extra := len(t.kept) - keep; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
		t.cut = true
	}
}

func (t *tail) split(p []byte) {
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			t.line = append(t.line, p...)
			break
		}
		t.line = append(t.line, p[:end]...)
		t.flush()
		p = p[end+1:]
	}
	t.pieces()
}

// pieces hands on the beginning of a line that gets too long. It is cut between two words, since half of a
// secret is nothing that a redactor knows; a word that is too long itself is left out.
func (t *tail) pieces() {
	for len(t.line) >= longLine || t.skip {
		if t.skip {
			end := bytes.IndexAny(t.line, blanks)
			if end < 0 {
				t.line = t.line[:0]
				return
			}
			t.drop(end)
			t.skip = false
			continue
		}
		end := bytes.LastIndexAny(t.line[:longLine], blanks)
		if t.skip = end < 0; t.skip {
			t.say([]byte("a word of its output is left out: it is too long"))
			continue
		}
		t.say(t.line[:end])
		t.drop(end + 1)
	}
}

func (t *tail) drop(n int) { t.line = append(t.line[:0], t.line[n:]...) }

// flush hands on the last line, which may have no end.
func (t *tail) flush() {
	t.pieces()
	t.say(t.line)
	t.line, t.skip = t.line[:0], false
}

// say emits one line. Of a progress display, whose states are divided by carriage returns, only
// the last state is worth a line.
func (t *tail) say(line []byte) {
	text := strings.TrimRight(string(line), "\r \t")
	if at := strings.LastIndexByte(text, '\r'); at >= 0 {
		text = text[at+1:]
	}
	if text == "" || t.logged > mostLogged {
		return
	}
	t.emit(strings.ToValidUTF8(text, "\uFFFD"))
	if t.logged += len(text); t.logged > mostLogged {
		t.emit("what it prints from here on is not logged: it is too much")
	}
}

// String gives what was kept, from the first whole line on if the beginning was cut, or from the first whole
// word on if there is but one line.
func (t *tail) String() string {
	t.trim()
	kept := t.kept
	if t.cut {
		kept = afterCut(kept)
	}
	return strings.ToValidUTF8(string(kept), "\uFFFD")
}

func afterCut(kept []byte) []byte {
	at := bytes.IndexByte(kept, '\n')
	if at < 0 {
		at = bytes.IndexAny(kept, blanks)
	}
	if at < 0 {
		return nil
	}
	return kept[at+1:]
}

// lastLine gives the last line of text that says something.
func lastLine(text string) string {
	text = strings.TrimRight(text, "\r\n\t ")
	if at := strings.LastIndexByte(text, '\n'); at >= 0 {
		text = text[at+1:]
	}
	return strings.TrimSpace(text)
}
