package vm

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestChooseMirrors(t *testing.T) {
	for _, c := range []struct {
		name, sources, lines string
		want                 mirrors
		fails                bool
	}{
		{
			name: "deb822 with comments and a third party",
			sources: "Types: deb\n# frozen\nURIs: http://m/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\n" +
				"Types: deb\nURIs: http://m/security\nSuites:\n bookworm-security\nComponents: main contrib\n\n" +
				"Types: deb\nURIs: https://other/node\nSuites: nodistro\nComponents: main\n",
			want: mirrors{main: "http://m/debian", security: "http://m/security"},
		},
		{
			name:  "one line each, with options",
			lines: "# deb http://no/ bookworm main\ndeb [arch=amd64 signed-by=/k] http://m/debian trixie main contrib # mine\n",
			want:  mirrors{main: "http://m/debian"},
		},
		{name: "source packages only", lines: "deb-src http://m/debian trixie main\n", fails: true},
		{name: "a vendor with Debian's suite names", lines: "deb http://v/linux bookworm stable\n", fails: true},
		{name: "a vendor with suites of its own", lines: "deb http://v/pg bookworm-pgdg main\n", fails: true},
		{name: "another distribution", lines: "deb http://u/ubuntu noble main\n", fails: true},
		{
			name:    "disabled",
			sources: "Enabled: no\nTypes: deb\nURIs: http://m/debian\nSuites: trixie\nComponents: main\n",
			fails:   true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := append(parseSources(c.sources, true), parseSources(c.lines, false)...)
			got, err := chooseMirrors(all)
			if got != c.want || (err != nil) != c.fails {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

// TestSignalToAProcessThatHasEnded: a power cut lost this race once, and its cut counted as a failed one.
func TestSignalToAProcessThatHasEnded(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := sendSignal(pid, syscall.SIGKILL); err != nil {
		t.Errorf("a process that has ended cannot be ended: %v", err)
	}
}

func FuzzParseSources(f *testing.F) {
	f.Add("Types: deb\nURIs: http://m/\nSuites: trixie\nComponents: main\n", true)
	f.Add("deb [ http://m/ trixie main", false)
	f.Fuzz(func(t *testing.T, content string, deb822 bool) {
		chosen, err := chooseMirrors(parseSources(content, deb822))
		if (err == nil) != (chosen.main != "") {
			t.Errorf("got %+v with error %v", chosen, err)
		}
	})
}

func TestSourcesFileNamesSecurityOnlyWhereTheHostHasIt(t *testing.T) {
	without := mirrors{main: "http://m/"}.sourcesFile("trixie")
	with := mirrors{main: "http://m/", security: "http://s/"}.sourcesFile("trixie")
	if strings.Contains(without, "trixie-security") || !strings.Contains(with, "URIs: http://s/\nSuites: trixie-security") {
		t.Errorf("without:\n%s\nwith:\n%s", without, with)
	}
}

func TestRecipeNameFollowsTheRecipe(t *testing.T) {
	base := recipe{suite: "trixie", mirrors: mirrors{main: "http://m/"}}
	other := base
	other.apt = "Acquire::Check-Date \"false\";\n"
	if base.name() == other.name() || base.name() != (recipe{suite: "trixie", mirrors: base.mirrors}).name() {
		t.Errorf("got %s and %s", base.name(), other.name())
	}
}

func TestControllers(t *testing.T) {
	for options, want := range map[string]string{
		"rw,cpu,cpuacct":                            "cpu,cpuacct",
		"rw,xattr,name=systemd":                     "name=systemd",
		"ro,clone_children,release_agent=/x,memory": "memory",
	} {
		if got := controllers(options); got != want {
			t.Errorf("%s: got %q, want %q", options, got, want)
		}
	}
}

func TestNewRecord(t *testing.T) {
	taken := []*record{{Name: "trixie-1", Slot: 1}, {Name: "mine", Slot: 2}}
	r, err := newRecord(Options{Suite: "trixie"}, "/root", taken)
	if err != nil || r.Slot < 3 || r.Owner.PID == 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	kept, err := newRecord(Options{Suite: "trixie", Keep: true}, "/root", nil)
	if err != nil || kept.abandoned() {
		t.Errorf("a kept machine is abandoned while the process that boots it lives: %+v, %v", kept, err)
	}
	for _, name := range []string{"mine", "Upper", "../x", "9", strings.Repeat("a", 64)} {
		if _, err := newRecord(Options{Suite: "trixie", Name: name}, "/root", taken); err == nil {
			t.Errorf("the name %q was taken", name)
		}
	}
}

func TestLastLines(t *testing.T) {
	for text, want := range map[string]string{"": "", "a\n": "a", "a\nb\nc\n\n": "b\nc"} {
		if got := lastLines(text, 2); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
