package docs

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSentences: what docs/troubleshooting.md says that the extension says is in its sources, or among
// the sentences that are made from them.
func TestSentences(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs/troubleshooting.md"))
	if err != nil {
		t.Fatal(err)
	}
	said := sources(t)
	table := regexp.MustCompile(`(?m)^\| it says .*\n(\|.*\n)+`)
	row := regexp.MustCompile("(?m)^\\| `([^`]+)`")
	quoted := 0
	for _, rows := range table.FindAll(page, -1) {
		for _, match := range row.FindAllSubmatch(rows, -1) {
			quoted++
			if !strings.Contains(said, string(match[1])) {
				t.Errorf("docs/troubleshooting.md: the extension does not say %q", match[1])
			}
		}
	}
	if quoted < 10 {
		t.Errorf("found %d sentences", quoted)
	}
}

// sources gives the product's sources and the page of faults in one piece.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range []string{"cli", "cmd", "disable", "enable", "handler", "install", "internal", "uninstall", "docs/faults.md"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			all.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// host/apt puts these together: what could not be done, and apt's own words.
	said := all.String()
	if strings.Contains(said, `return "cannot " + f.what + ": " + f.text`) {
		for part, whole := range map[string]string{`"install " +`: "cannot install", `what: "use the repository"`: "cannot use the repository"} {
			if strings.Contains(said, part) {
				all.WriteString(whole + "\n")
			}
		}
	}
	return all.String()
}
