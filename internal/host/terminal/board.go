package terminal

import (
	"fmt"
	"io"
)

// Board shows lines that change over time: in place on a terminal; elsewhere each line once, when it is new.
type Board struct {
	Out   io.Writer
	Width int                 // columns of the terminal; 0 if Out is none
	Once  func(string) string // what becomes of a line where it stays; nil: nothing

	drawn int
	said  map[string]bool
}

// Show draws the lines over those that were shown before, or adds those that are new.
func (b *Board) Show(lines []string) {
	if b.Width == 0 {
		b.add(lines)
		return
	}
	if b.drawn > 0 {
		fmt.Fprintf(b.Out, "\x1b[%dA", b.drawn)
	}
	for _, line := range lines {
		fmt.Fprintf(b.Out, "\x1b[2K%s\n", cut(line, b.Width))
	}
	fmt.Fprint(b.Out, "\x1b[J")
	b.drawn = len(lines)
}

func (b *Board) add(lines []string) {
	if b.said == nil {
		b.said = map[string]bool{}
	}
	for _, line := range lines {
		if b.said[line] {
			continue
		}
		b.said[line] = true
		if b.Once != nil {
			line = b.Once(line)
		}
		fmt.Fprintln(b.Out, line)
	}
}

// cut shortens a line to the terminal's width: one that breaks would be two lines to draw over.
func cut(line string, width int) string {
	if runes := []rune(line); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return line
}
