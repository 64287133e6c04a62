// Command docs writes the pages of docs/ that are made from the sources. Run it in the folder of the
// project, or by `make docs`.
package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"docker-extension/cli"
	"docker-extension/cli/person"
	"docker-extension/internal/reference"
	"docker-extension/internal/settings"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// write writes all pages below a folder.
func write(folder string) error {
	all, err := pages(folder)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { // #nosec G301 -- documentation
			return err
		}
		if err := os.WriteFile(file, all[name], 0o644); err != nil { // #nosec G306 -- documentation
			return err
		}
	}
	return nil
}

// pages gives all pages by their names. One of them is a picture of a run, whose text lies in the folder.
func pages(folder string) (map[string][]byte, error) {
	keys, err := reference.Settings(settings.PublicSchema(), settings.ProtectedSchema())
	if err != nil {
		return nil, err
	}
	run, err := os.ReadFile(filepath.Join(folder, "docs", "run.txt")) // #nosec G304 -- of the sources
	if err != nil {
		return nil, err
	}
	tree := cli.Tree(&person.Person{}, nil)
	tree.InitDefaultHelpCmd()
	tree.InitDefaultCompletionCmd()
	all := map[string][]byte{
		"docs/settings.md": []byte(keys),
		"docs/commands.md": commands(tree),
		"docs/run.svg":     reference.Terminal(string(run)),
	}
	maps.Copy(all, manual(tree))
	return all, nil
}

// commands gives the reference of the commands.
func commands(tree *cobra.Command) []byte {
	var page bytes.Buffer
	page.WriteString("# Commands\n\n<!-- Written by \"make docs\" from the program's own help; changes here are overwritten. -->\n\n" +
		"The same text is in `docker-extension help COMMAND` and in the manual pages in [man](man). The exit code is 0 or\n" +
		"one of [errors.md](errors.md). With `--output json` the answer is one JSON document on the standard output, whose\n" +
		"names stay; an error is `{\"error\": {\"code\": ..., \"name\": ..., \"faults\": [...]}}` there.\n")
	for _, c := range tree.Commands() {
		if !c.IsAvailableCommand() || c.Name() == "help" {
			continue
		}
		long := c.Long
		if long == "" {
			long = c.Short + "."
		}
		fmt.Fprintf(&page, "\n## %s\n\n```text\n%s\n\n%s", c.Name(), long, c.UsageString())
		page.WriteString("```\n")
	}
	return page.Bytes()
}
