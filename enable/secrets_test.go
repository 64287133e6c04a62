package enable

import (
	"slices"
	"testing"
)

func TestSecretsOf(t *testing.T) {
	tests := []struct {
		protected string
		want      []string
	}{
		{"", nil},
		{"{", nil},
		{`{"certs":{"key":"k"},"environment":{"A":"a","B":1},"unknown":[["u"],{"x":"y"}]}`, []string{"a", "k", "u", "y"}},
		{`{"login":[{"server":"s","username":"n","password":"p"}]}`, []string{"n:p", "p"}},
		{`{"login":{"server":"s","username":"n","password":7}}`, nil},
		{`{"server":"s","username":"n"}`, []string{"n", "s"}},
	}
	for _, test := range tests {
		got := SecretsOf(Order{Protected: []byte(test.protected)})
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.protected, got, test.want)
		}
	}
}
