package docs

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/settings"
	"docker-extension/test/harness/pki"
)

// placeholder is how the documents write a certificate or a key that nobody wants to read.
func placeholder() *regexp.Regexp {
	return regexp.MustCompile(`"-----BEGIN [A-Z ]+-----\.\.\."|"LS0tLS1CRUdJTi[^"]*\.\.\."`)
}

// material gives certificates, as the member "certs".
func material(t *testing.T) map[string]string {
	t.Helper()
	authority, err := pki.NewAuthority("docs")
	if err != nil {
		t.Fatal(err)
	}
	server, err := authority.Server(nil, "myvm.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"ca": string(authority.Cert), "cert": string(server.Cert), "key": string(server.Key)}
}

// TestSettingsBodies gives every settings body in the documents to the extension's own room. Protected
// settings belong to the public ones right above them; where there are none, certificates are added, as
// docker.port needs them.
func TestSettingsBodies(t *testing.T) {
	certs := material(t)
	bodies := 0
	for _, p := range read(t) {
		for i, b := range p.blocks {
			kind, verdict, _ := strings.Cut(strings.TrimPrefix(b.info, "json "), " ")
			if !strings.HasPrefix(b.info, "json ") {
				continue
			}
			if !json.Valid([]byte(b.body)) && verdict != "refused" {
				t.Errorf("%s: this is not JSON", p.at(b))
			}
			var public, protected string
			switch kind {
			case "public":
				public, protected = b.body, `{"certs": {}}`
				if i+1 < len(p.blocks) && p.blocks[i+1].info == "json protected" {
					protected = p.blocks[i+1].body
				}
			case "protected":
				if i > 0 && strings.HasPrefix(p.blocks[i-1].info, "json public") {
					continue // judged together with them
				}
				public, protected = "{}", b.body
			default:
				continue
			}
			bodies++
			_, err := settings.Parse([]byte(public), filled(t, protected, certs), settings.Options{Now: time.Now()})
			if (err == nil) != (verdict != "refused") {
				t.Errorf("%s: the extension says of this: %v", p.at(b), err)
			}
		}
	}
	if bodies < 8 {
		t.Errorf("found %d settings bodies", bodies)
	}
}

// TestJSONInText: what looks like JSON in the middle of a sentence is JSON.
func TestJSONInText(t *testing.T) {
	seen := 0
	for _, p := range read(t) {
		if p.name == "docs/faults.md" {
			continue // it shows what is none
		}
		for _, span := range p.spans {
			if !regexp.MustCompile(`^(\{"|\["|\{\}$|\{ ")`).MatchString(span) || strings.Contains(span, "...") {
				continue
			}
			seen++
			if !json.Valid([]byte(span)) {
				t.Errorf("%s: `%s` is not JSON", p.name, span)
			}
		}
	}
	if seen < 5 {
		t.Errorf("found %d", seen)
	}
}

// TestSentence: the sentence that docs/troubleshooting.md takes apart is what the extension says, and the code
// is the one that it reports.
func TestSentence(t *testing.T) {
	_, err := settings.Parse([]byte(`{"docker": {"prot": 2376}}`), nil, settings.Options{Now: time.Now()})
	want, code := fault.Sentence(err, 0)+"\n", fmt.Sprintf("ProvisioningState/failed/%d", fault.CodeOf(err))
	for _, p := range read(t) {
		if p.name != "docs/troubleshooting.md" {
			continue
		}
		for _, b := range p.blocks {
			if b.info == "text" && !strings.HasPrefix(b.body, want) {
				t.Errorf("%s: the extension says\n%s", p.at(b), want)
			}
		}
		if !slices.Contains(p.spans, code) {
			t.Errorf("%s: the code is shown as %s", p.name, code)
		}
	}
}

// filled puts real certificates where placeholders are, or where none are.
func filled(t *testing.T, protected string, certs map[string]string) []byte {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal([]byte(protected), &body); err != nil {
		t.Fatal(err)
	}
	if placeholder().MatchString(protected) || protected == `{"certs": {}}` {
		for old, key := range map[string]string{"ca": "ca", "server-cert": "cert", "server-key": "key"} {
			if _, ok := body[old]; ok {
				body[old] = certs[key]
			}
		}
		if _, ok := body["certs"]; ok {
			body["certs"] = certs
		}
	}
	content, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
