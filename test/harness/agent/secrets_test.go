package agent

import (
	"strings"
	"testing"

	"docker-extension/test/harness/pki"
)

// A certificate holds the public half of its key, and a key in PKCS#8 holds it too, on its last line. With
// some lengths of names that line stands in the certificate as well.
func TestPublicHalfIsNoSecret(t *testing.T) {
	authority, err := pki.NewAuthority("secrets")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Server(nil, "vm.example.com")
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPatterns(map[string]string{"key": string(pair.Key)})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(pair.Key)), "\n")
	body := lines[1 : len(lines)-1]
	for i, line := range body {
		if found := p.in([]byte("text "+line)) != nil; found != (i < len(body)-1) {
			t.Errorf("line %d of %d is looked for: %v", i+1, len(body), found)
		}
	}
}
