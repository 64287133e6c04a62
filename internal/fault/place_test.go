package fault

import (
	"strings"
	"testing"
)

func TestMember(t *testing.T) {
	tests := []struct{ place, key, want string }{
		{"publicSettings", "docker", "publicSettings.docker"},
		{"", "log-opts", ".log-opts"},
		{"a", "b_C-9", "a.b_C-9"},
		{"a", "b.c", `a["b.c"]`},
		{"a[0]", "", `a[0][""]`},
		{"a", "é", `a["é"]`},
		{"a", "b\"\n\x1b[", `a["b\"\n\x1b["]`},
		{"a", strings.Repeat("k", 64), "a." + strings.Repeat("k", 64)},
		{"a", strings.Repeat("k", 65), "a[a key of 65 bytes]"},
		{"a", "-----BEGIN KEY-----", "a[a key of 19 bytes]"},
	}
	for _, test := range tests {
		if got := Member(test.place, test.key); got != test.want {
			t.Errorf("Member(%q, %q) = %s, want %s", test.place, test.key, got, test.want)
		}
	}
}
