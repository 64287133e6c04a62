package dockerd

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The shell itself is the judge of what its words are.
func TestWordsAreThoseOfTheShell(t *testing.T) {
	for _, option := range []string{
		`-D --mtu 1400`, ` --label	a=b   --label c=d `,
		`--label "foo=bar baz" --label='a=b c'`, `--label a\ b=c`, `--label "" ''`, `--label a"b 'c' d"'e "f" g'h`,
		`--log-opt=env-regex="^\d+$"`, `--label "\a\'\ \	\é"`, `--label "\"\\\$\` + "`" + `"`, `--label "\\\\n\\"`,
		`--label \a\'\"\\\$\` + "`", `--label '\a\"\\\$'`,
		"--label \"a=1\\\n2\" --mtu 14\\\n00", "--label \\\n b=1", "--label 'a=1\\\n2'", "--label \"\\\\\n\"",
	} {
		out, err := exec.Command("sh", "-c", `printf '%s\0' `+strings.TrimSpace(option)).Output()
		if err != nil {
			t.Fatalf("%q: %v", option, err)
		}
		words, err := splitItem(option, 0)
		if err != nil {
			t.Fatalf("%q: %v", option, err)
		}
		var texts []string
		for _, w := range words {
			texts = append(texts, w.text)
		}
		if want := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"); !slices.Equal(texts, want) {
			t.Errorf("%q: got %q, want %q", option, texts, want)
		}
	}
}
