package docs

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// line is one command of a shell block: its words, with a mark for what the shell would put in.
type line struct {
	words []string
	piped bool // it reads what another command writes
}

// commands parses a shell script and gives every command in it, also those in $(...).
func commands(script string) ([]line, error) {
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), "")
	if err != nil {
		return nil, err
	}
	var all []line
	piped := map[syntax.Node]bool{}
	syntax.Walk(file, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.BinaryCmd:
			if n.Op == syntax.Pipe || n.Op == syntax.PipeAll {
				piped[n.Y.Cmd] = true
			}
		case *syntax.CallExpr:
			if len(n.Args) > 0 {
				all = append(all, line{words: words(n.Args), piped: piped[n]})
			}
		}
		return true
	})
	return all, nil
}

func words(args []*syntax.Word) []string {
	all := make([]string, len(args))
	for i, arg := range args {
		var b strings.Builder
		for _, part := range arg.Parts {
			b.WriteString(literal(part))
		}
		all[i] = b.String()
	}
	return all
}

// literal gives the text of a part of a word; "$" for what only the shell knows.
func literal(part syntax.WordPart) string {
	switch part := part.(type) {
	case *syntax.Lit:
		return part.Value
	case *syntax.SglQuoted:
		return part.Value
	case *syntax.DblQuoted:
		var b strings.Builder
		for _, inner := range part.Parts {
			b.WriteString(literal(inner))
		}
		return b.String()
	}
	return "$"
}

// judge tells what is wrong with a command.
type judge struct {
	root    string          // of the sources
	targets map[string]bool // of the Makefile
}

func newJudge(root string) (judge, error) {
	content, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		return judge{}, err
	}
	j := judge{root: root, targets: map[string]bool{}}
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+):.*## `).FindAllSubmatch(content, -1) {
		j.targets[string(match[1])] = true
	}
	return j, nil
}

// wrong tells what is wrong with a command, or gives "".
func (j judge) wrong(l line) string {
	words := bare(l.words)
	name, args := words[0], words[1:]
	if path.Base(name) == "docker-extension" {
		name = "docker-extension" // it is on no path on the VM
	}
	judges := map[string]func([]string) string{
		"make":             j.wrongTarget,
		"go":               j.wrongPath,
		"docker-extension": wrongCommand,
		"az":               func(args []string) string { return wrongCall(azure(), args) },
	}
	switch judged := judges[name]; {
	case l.piped && slices.Contains([]string{"sh", "bash", "dash"}, name):
		return "what comes from a pipe is not given to a shell"
	case judged != nil:
		return judged(args)
	case strings.Contains(name, "/"):
		return j.wrongPath(words)
	}
	known, ok := programs()[name]
	if !ok {
		return fmt.Sprintf("there is no program %q in the list of this test", name)
	}
	return wrongCall(known, args)
}

// bare gives a command without sudo and env in front of it.
func bare(words []string) []string {
	for len(words) > 1 && (words[0] == "sudo" || words[0] == "env" || strings.Contains(words[0], "=")) {
		words = words[1:]
	}
	return words
}

func (j judge) wrongTarget(args []string) string {
	for _, arg := range args {
		if !strings.Contains(arg, "=") && !j.targets[arg] {
			return "there is no target " + arg
		}
	}
	return ""
}

// wrongPath looks for what begins like a path in the sources.
func (j judge) wrongPath(args []string) string {
	for _, arg := range args {
		if !regexp.MustCompile(`^(\./)?(deploy|docs|test|internal|cmd|dist)/|^\./`).MatchString(arg) || strings.HasPrefix(arg, "dist/") {
			continue
		}
		if arg = strings.TrimSuffix(arg, "..."); !exists(filepath.Join(j.root, arg)) {
			return "there is no " + arg
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// wrongCall holds a command line against a table of commands, each with the flags that it has.
func wrongCall(known map[string]string, args []string) string {
	for n := min(4, len(args)); n >= 0; n-- {
		flags, ok := known[strings.Join(args[:n], " ")]
		if !ok {
			continue
		}
		for _, arg := range args[n:] {
			name, _, _ := strings.Cut(arg, "=")
			if strings.HasPrefix(name, "-") && !slices.Contains(strings.Fields(flags), name) {
				return fmt.Sprintf("%q has no flag %s in the list of this test", strings.Join(args[:n], " "), name)
			}
		}
		return ""
	}
	return fmt.Sprintf("there is no command %q in the list of this test", strings.Join(args, " "))
}
