package registry

import (
	"encoding/json"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

func TestName(t *testing.T) {
	for server, want := range map[string]string{
		"": Hub, "docker.io": Hub, "https://index.docker.io/v1/": Hub, "Registry.Example.com:5000": "registry.example.com:5000",
		"Docker.io": Hub, "Index.Docker.IO": Hub, "HTTPS://Hub.docker.com/": Hub, "HTTPS://Registry.example.com": "registry.example.com",
		"Http://registry.example.com:80/V2/": "registry.example.com:80", "HTTPS://": "",
		"https://registry.example.com/v2/": "registry.example.com", "https://": "", "/": "",
	} {
		if got := Name(server); got != want {
			t.Errorf("%q is %q, want %q", server, got, want)
		}
	}
}

func TestPassword(t *testing.T) {
	for text, want := range map[string]string{
		"p": "p", "p\n": "p", "p\r\n": "p", "p\n\n": "p", "p \n": "p ", "\np": "\np", "{\n  \"k\": 1\n}\n": "{\n  \"k\": 1\n}",
	} {
		if got := Password(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

var key = []byte("key")

func account(server, username, password string) state.Account {
	return state.Account{Server: server, Username: username, Password: secret.New(password)}
}

// The entries are "u:p" (dTpw), "u:q" (dTpx) and a person's "me:mine" (bWU6bWluZQ==).
func TestMerge(t *testing.T) {
	up, uq := account("r", "u", "p"), account("r", "u", "q")
	ours := func(a state.Account, earlier string) map[string]state.Entry {
		entry := state.Entry{Written: []state.Digest{Seal(key, a)}}
		if earlier != "" {
			entry.Earlier = json.RawMessage(earlier)
		}
		return map[string]state.Entry{a.Server: entry}
	}
	tests := []struct {
		name    string
		present string
		ours    map[string]state.Entry
		wanted  []state.Account
		want    string // without blanks
		earlier string
	}{
		{"no file", ``, nil, []state.Account{up}, `{"auths":{"r":{"auth":"dTpw"}}}`, ""},
		{"others stay", `{"psFormat": "x", "auths": {"o": {"auth": "bWU6bWluZQ=="}}}`, nil, []state.Account{up},
			`{"auths":{"o":{"auth":"bWU6bWluZQ=="},"r":{"auth":"dTpw"}},"psFormat":"x"}`, ""},
		{"the same already", `{"auths": {"r": {"auth": "dTpw", "more": 1}}}`, nil, []state.Account{up}, `{"auths":{"r":{"auth":"dTpw","more":1}}}`, `{"auth":"dTpw","more":1}`},
		{"a person's entry is kept in mind", `{"auths": {"r": {"auth": "bWU6bWluZQ=="}}}`, nil, []state.Account{up}, `{"auths":{"r":{"auth":"dTpw"}}}`, `{"auth":"bWU6bWluZQ=="}`},
		{"a new password", `{"auths": {"r": {"auth": "dTpw"}}}`, ours(up, `{"auth":"x"}`), []state.Account{uq}, `{"auths":{"r":{"auth":"dTpx"}}}`, `{"auth":"x"}`},
		{"a password of two lines", `{"auths": {"r": {"auth": "dTpwCnE="}}}`, nil, []state.Account{account("r", "u", "p\nq")}, `{"auths":{"r":{"auth":"dTpwCnE="}}}`, `{"auth":"dTpwCnE="}`},
		{"dropped", `{"auths": {"r": {"auth": "dTpw"}}}`, ours(up, ""), nil, `{}`, ""},
		{"dropped, others stay", `{"auths": {"r": {"auth": "dTpw"}, "o": {}}}`, ours(up, ""), nil, `{"auths":{"o":{}}}`, ""},
		{"dropped and given back", `{"auths": {"r": {"auth": "dTpw"}}}`, ours(up, `{"auth":"bWU6bWluZQ=="}`), nil, `{"auths":{"r":{"auth":"bWU6bWluZQ=="}}}`, ""},
		{"dropped, but a person's by now", `{"auths": {"r": {"auth": "bWU6bWluZQ=="}}}`, ours(up, ""), nil, `{"auths":{"r":{"auth":"bWU6bWluZQ=="}}}`, ""},
		{"dropped, and gone", `{"psFormat": "x"}`, ours(up, ""), nil, `{"psFormat":"x"}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			merged, err := Merge([]byte(test.present), test.ours, test.wanted, key)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Map(noBlank, string(merged.Content)); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
			if got := strings.Map(noBlank, string(merged.Entries["r"].Earlier)); got != test.earlier {
				t.Errorf("earlier is %s", got)
			}
			again, err := Merge(merged.Content, merged.Entries, test.wanted, key)
			if err != nil || string(again.Content) != string(merged.Content) {
				t.Errorf("merged again it is %s, %v", again.Content, err)
			}
			if merged.Empty != (test.want == `{}`) {
				t.Errorf("empty: %t", merged.Empty)
			}
		})
	}
}

func noBlank(c rune) rune {
	if strings.ContainsRune(" \t\n", c) {
		return -1
	}
	return c
}

func TestMergeRefuses(t *testing.T) {
	for _, text := range []string{`{"auths": {"r": "hush"`, `[]`, `{"auths": ["hush"]}`} {
		_, err := Merge([]byte(text), nil, nil, key)
		if fault.CodeOf(err) != fault.HostConfig || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestHelper(t *testing.T) {
	merged, err := Merge([]byte(`{"credsStore": "pass"}`), nil, []state.Account{account("r", "u", "p")}, key)
	if err != nil || !merged.Helper {
		t.Errorf("got %+v, %v", merged, err)
	}
}

// FuzzMerge: no panic, and what was put in can be taken out again.
func FuzzMerge(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"auths": {"r": {"auth": "dTpw"}, "o": {"identitytoken": "x"}}}`, `{"auths": null, "credsStore": "x"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, present []byte) {
		in, err := Merge(present, nil, []state.Account{account("r", "u", "p")}, key)
		if err != nil {
			return
		}
		out, err := Merge(in.Content, in.Entries, nil, key)
		if err != nil {
			t.Fatal(err)
		}
		for _, content := range [][]byte{in.Content, out.Content} {
			if len(content) > 0 && !json.Valid(content) {
				t.Fatalf("not JSON: %s", content)
			}
		}
		var before, after struct{ Auths map[string]json.RawMessage }
		if json.Unmarshal(present, &before) == nil && json.Unmarshal(out.Content, &after) == nil && len(before.Auths) != len(after.Auths) {
			t.Fatalf("%s became %s", present, out.Content)
		}
	})
}
