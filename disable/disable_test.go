package disable

import (
	"strings"
	"testing"
)

// Nobody is told that containers are stopped that may not be.
func TestSentence(t *testing.T) {
	for _, c := range []struct {
		notes []string
		want  string
	}{
		{nil, "Docker and its containers are stopped; "},
		{[]string{"containers may go on running"}, "Docker is stopped; "},
	} {
		got := sentence(c.notes)
		if !strings.HasPrefix(got, c.want) || !strings.HasSuffix(got, strings.Join(c.notes, "")) {
			t.Errorf("with notes %q: %s", c.notes, got)
		}
	}
}
