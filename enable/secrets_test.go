package enable

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/oplog"
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
		{`{"login":[{"server":"s","username":"n","password":"p \n"}]}`, []string{"n:p ", "p \n"}},
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

// A key file as a password shows in no line of a log: neither whole, nor line by line, nor as docker keeps it.
func TestPasswordOfSeveralLines(t *testing.T) {
	const escaped = `{\n  \"type\": \"service_account\",\n  \"private_key\": \"-----BEGIN PRIVATE KEY-----\\nMIIhush\\n-----END PRIVATE KEY-----\\n\",\n  \"client_email\": \"hush@example.com\"\n}`
	written := strings.NewReplacer(`\n`, "\n", `\"`, `"`, `\\`, `\`).Replace(escaped)
	var secrets oplog.Redactor
	secrets.Add(SecretsOf(Order{Protected: []byte(`{"login": {"server": "r", "username": "_json_key", "password": "` + escaped + `\n"}}`)})...)
	kept := base64.StdEncoding.EncodeToString([]byte("_json_key:" + written))
	for _, text := range append(strings.Split(written, "\n"), written, escaped, kept) {
		if got := secrets.Redact("before " + text + " after"); strings.Contains(got, "hush") || strings.Contains(got, "service_account") || strings.Contains(got, kept[:40]) {
			t.Errorf("a log says: %s", got)
		}
	}
}
