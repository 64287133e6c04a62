package nearest

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	names := []string{"daemon", "hold", "options", "port", "proxy", "source", "tls", "users", "version"}
	tests := []struct{ mistyped, want string }{
		{"prot", "port"}, {"Port", "port"}, {"ports", "port"}, {"option", "options"}, {"opts", ""},
		{"user", "users"}, {"tsl", "tls"}, {"TLS", "tls"}, {"verison", "version"}, {"something", ""}, {"", ""},
		{"pört", "port"}, {strings.Repeat("x", 1000), ""},
	}
	for _, test := range tests {
		if got := Name(test.mistyped, names); got != test.want {
			t.Errorf("Name(%q) = %q, want %q", test.mistyped, got, test.want)
		}
	}
	if got := Name("porx", []string{"pora", "porb"}); got != "pora" {
		t.Errorf("of two that are equally near: %q", got)
	}
}
