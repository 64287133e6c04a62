// Package person is the side of the program that a person sees: the terminal, the folder that they stand
// in, and the form in which they want answers. The commands get everything of the outside from it.
package person

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

// Person is who has typed a command. The exported fields down to Root are what the program was started
// with; the others follow from the flags.
type Person struct {
	In         io.Reader
	Out, Err   io.Writer
	Width      int // columns of the terminal behind Out; 0 if it is none
	ErrWidth   int // of the one behind Err
	Getenv     func(string) string
	Folder     string // the working directory
	Executable string // this program's own file
	Version    string // of this program
	Now        func() time.Time

	Root files.Root // the host that commands on a VM look at
	JSON bool       // answers are JSON documents
}

// Colour tells whether answers may have colours: on a terminal, unless the person has said otherwise
// (https://no-color.org), and never in JSON.
func (p *Person) Colour() bool {
	return p.Width > 0 && !p.JSON && p.Getenv("NO_COLOR") == "" && p.Getenv("TERM") != "dumb"
}

// Aside is the same person, who is told something beside the answer, on Err.
func (p *Person) Aside() *Person {
	aside := *p
	aside.Out, aside.Width = p.Err, p.ErrWidth
	return &aside
}

// Style is how a piece of text stands out, as ECMA-48 numbers it ("select graphic rendition").
type Style string

// The styles.
const (
	Plain  Style = ""
	Strong Style = "1"
	Dim    Style = "2"
	Bad    Style = "31"
	Good   Style = "32"
	Warn   Style = "33"
	Place  Style = "36"
)

// Paint gives text its style, where there are colours.
func (p *Person) Paint(style Style, text string) string {
	if style == Plain || text == "" || !p.Colour() {
		return text
	}
	return "\x1b[" + string(style) + "m" + text + "\x1b[0m"
}

// Say prints a line.
func (p *Person) Say(format string, args ...any) { fmt.Fprintf(p.Out, format+"\n", args...) }

// Answer prints a document: as JSON if that was asked for, else in the words of text.
func (p *Person) Answer(document any, text func()) error {
	if !p.JSON {
		text()
		return nil
	}
	encoder := json.NewEncoder(p.Out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return fault.New(fault.Internal, "", "", "cannot write the answer: %w", err)
	}
	return nil
}

// Path gives the absolute path of a file as a person names it.
func (p *Person) Path(name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(p.Folder, name)
}

// Read gives the content of a file that a person names; "-" is the standard input. One that is not there
// is an error.
func (p *Person) Read(name string) ([]byte, error) {
	if name == "-" {
		return p.readInput()
	}
	file, err := files.New("/").ReadFollowing(p.Path(name))
	var irregular files.ErrIrregular
	switch {
	case errors.As(err, &irregular):
		// The cure for a host's own file, to remove what is there, is none for a slip on the command line.
		err = fault.New(fault.HostFiles, name, "name a file with the settings, or - for the standard input", "cannot read: %w", irregular)
	case err == nil && !file.Exists:
		err = fault.New(fault.HostFiles, name, "name a file that exists", "cannot read: it is not there")
	}
	return file.Content, err
}

// readInput gives the standard input as a whole: of one that was cut, the cut would be taken for a fault.
func (p *Person) readInput() ([]byte, error) {
	const place = "standard input"
	content, err := io.ReadAll(io.LimitReader(p.In, files.MaxSize+1))
	switch {
	case err != nil:
		return nil, fault.New(fault.HostFiles, place, "", "cannot read: %w", err)
	case len(content) > files.MaxSize:
		return nil, fault.New(fault.HostFiles, place, "", "cannot read: it is larger than %d bytes", files.MaxSize)
	}
	return content, nil
}

// ReadSettings reads a file with settings, without the mark that editors on Windows put at its beginning.
// One that holds none is an error: a filter that found nothing leaves it so, and nothing would be checked.
func (p *Person) ReadSettings(name string) ([]byte, error) {
	content, err := p.Read(name)
	if err != nil {
		return nil, err
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	switch text := string(bytes.TrimSpace(content)); {
	case !utf8.Valid(content):
		return nil, fault.New(fault.SettingsInvalid, name, "save it as UTF-8; PowerShell does so with Out-File -Encoding utf8", "is not UTF-8 text")
	case text == "" || text == "null":
		return nil, fault.New(fault.Usage, name, "give a file with a JSON object, {} at least", "cannot find settings: it is empty, or null")
	}
	return content, nil
}

// Row is one line of a table: its cells, and the style of each.
type Row struct {
	Cells  []string
	Styles []Style
}

// Table prints rows with aligned columns; the last column is free, and breaks at the terminal's edge by
// itself.
func (p *Person) Table(indent string, rows []Row) {
	for _, line := range align(indent, rows, p.Paint) {
		fmt.Fprintln(p.Out, line)
	}
}

// Align gives the lines that Table would print, without colours.
func Align(indent string, rows []Row) []string {
	return align(indent, rows, func(_ Style, text string) string { return text })
}

func align(indent string, rows []Row, paint func(Style, string) string) []string {
	widths := widths(rows)
	lines := make([]string, len(rows))
	for n, row := range rows {
		line := indent
		for i, cell := range row.Cells {
			pad := ""
			if i < len(row.Cells)-1 {
				pad = strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2)
			}
			style := Plain
			if i < len(row.Styles) {
				style = row.Styles[i]
			}
			line += paint(style, cell) + pad
		}
		lines[n] = strings.TrimRight(line, " ")
	}
	return lines
}

// widths gives the width of each column but the last.
func widths(rows []Row) []int {
	var widths []int
	for _, row := range rows {
		for i, cell := range row.Cells[:max(0, len(row.Cells)-1)] {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}
