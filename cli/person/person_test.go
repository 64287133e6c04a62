package person

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"syscall"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/settings"
)

func TestColour(t *testing.T) {
	tests := []struct {
		name  string
		width int
		json  bool
		env   map[string]string
		want  string
	}{
		{"a terminal", 80, false, nil, "\x1b[31mx\x1b[0m"},
		{"a pipe", 0, false, nil, "x"},
		{"JSON", 80, true, nil, "x"},
		{"NO_COLOR", 80, false, map[string]string{"NO_COLOR": "1"}, "x"},
		{"an empty NO_COLOR", 80, false, map[string]string{"NO_COLOR": ""}, "\x1b[31mx\x1b[0m"},
		{"a dumb terminal", 80, false, map[string]string{"TERM": "dumb"}, "x"},
	}
	for _, test := range tests {
		p := &Person{Width: test.width, JSON: test.json, Getenv: func(name string) string { return test.env[name] }}
		if got := p.Paint(Bad, "x"); got != test.want {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}

// Columns are aligned by what is seen, also where there are colours.
func TestTable(t *testing.T) {
	rows := []Row{
		{Cells: []string{"a", "✓", "long"}, Styles: []Style{Strong, Good}},
		{Cells: []string{"größer", "", "x"}},
	}
	for width, want := range map[int]string{
		0:  " a       ✓  long\n größer     x\n",
		80: " \x1b[1ma\x1b[0m       \x1b[32m✓\x1b[0m  long\n größer     x\n",
	} {
		var out bytes.Buffer
		p := &Person{Out: &out, Width: width, Getenv: func(string) string { return "" }}
		p.Table(" ", rows)
		if out.String() != want {
			t.Errorf("width %d: %q, want %q", width, out.String(), want)
		}
	}
}

func TestRefuse(t *testing.T) {
	one := fault.New(fault.Usage, "--out", "name a folder", "is missing")
	tests := []struct {
		name string
		err  error
		json bool
		code int
		out  string
	}{
		{"one", one, false, 2, "error: --out: is missing (name a folder)\n"},
		{"around one", fmt.Errorf("step 1: %w", one), false, 2, "error: step 1: --out: is missing (name a folder)\n"},
		{"two", fault.List{one, fault.New(fault.Busy, "", "", "wait")}, false, 2, "error: --out: is missing (name a folder)\nerror: wait\n"},
		{"another", errors.New("x"), false, 1, "error: x\n"},
		{"told already", ErrTold{fault.SettingsInvalid}, false, 13, ""},
		{"JSON", one, true, 2, "{\n  \"error\": {\n    \"code\": 2,\n    \"name\": \"usage\",\n    \"faults\": [\n      {\n        \"place\": \"--out\",\n" +
			"        \"message\": \"is missing\",\n        \"hint\": \"name a folder\",\n        \"code\": 2,\n        \"name\": \"usage\"\n      }\n    ]\n  }\n}\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			p := &Person{Out: &out, Err: &out, JSON: test.json, Getenv: func(string) string { return "" }}
			if code := p.Refuse(test.err); code != test.code || out.String() != test.out {
				t.Errorf("code %d, %q", code, out.String())
			}
		})
	}
}

// What a person names by a slip is not to be removed; the hint is about the command line.
func TestReadWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	const hint = " (name a file with the settings, or - for the standard input)"
	for name, want := range map[string]string{
		"/dev/null": "/dev/null: cannot read: it is a device, not a regular file" + hint,
		dir:         dir + ": cannot read: it is a directory, not a regular file" + hint,
		"pipe":      "pipe: cannot read: it is a named pipe, not a regular file" + hint,
		"nowhere":   "nowhere: cannot read: it is not there (name a file that exists)",
	} {
		p := &Person{Folder: dir}
		if _, err := p.Read(name); fault.Sentence(err, 0) != want || fault.CodeOf(err) != fault.HostFiles {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

// The standard input has the limit of a file, and is never cut.
func TestReadStandardInput(t *testing.T) {
	for _, test := range []struct {
		size int64
		want string
	}{{0, ""}, {files.MaxSize, ""}, {files.MaxSize + 1, "standard input: cannot read: it is larger than 16777216 bytes"}} {
		p := &Person{In: io.LimitReader(spaces{}, test.size)}
		content, err := p.Read("-")
		switch {
		case fault.Sentence(err, 0) != test.want:
			t.Errorf("%d bytes: %v, want %q", test.size, err, test.want)
		case err == nil && int64(len(content)) != test.size:
			t.Errorf("%d bytes: %d came out", test.size, len(content))
		}
	}
}

// spaces is an input without an end.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestWhere(t *testing.T) {
	c := Complain(fault.New(fault.SettingsInvalid, "p", "", "m"))
	if got := c.Where() + c.At("f", settings.Position{}).Where() + c.At("f", settings.Position{Line: 1, Column: 2}).Where(); got != "f:f:1:2:" {
		t.Errorf("%q", got)
	}
}
