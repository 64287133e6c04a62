package settings

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"docker-extension/internal/fault"
)

// FuzzParse feeds both sections with the same bytes: no panic, faults of one code, and no string of
// the protected settings in any message, as long as it is no word of the messages themselves.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		``, `null`, `{}`, `[]`, `{"docker": {"port": "x"}}`, `{"certs": {"ca": "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----"}}`,
		`{"login": [{"username": "u", "password": 1}]}`, `{"environment": {"A": {"B": 1}}}`, `{"a": {"b": [1, {"c": null}]}}`,
		`{"certs": {"ca": "LS0tLS1CRUdJTiA=", "cert": "-----BEGIN ", "key": "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"}}`,
		`{"docker": {"port": 1e400, "port": 2}}`, `{"compose": {"a": {"image": "i", "net": "host", "env_file": "x"}}, "login": [{"username": "u", "password": "p"}], "environment": {"A": "b"}}`, `{"ca": 1, "server-key": "x"}`, string(goodCerts(f)),
		`{"docker": {"daemon": {"labels": [{"a": "b"}, {"c": "d"}, ["a"], ["b"], "a=b", "a=c"]}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, sections := range [][2][]byte{{data, nil}, {nil, data}, {data, data}} {
			if _, err := Parse(sections[0], sections[1], Options{Now: now}); err != nil && fault.CodeOf(err) != fault.SettingsInvalid {
				t.Fatalf("code %d: %v", fault.CodeOf(err), err)
			}
		}
		_, err := Parse(nil, data, Options{Now: now})
		for _, value := range values(data) {
			if err != nil && strings.Contains(fault.Sentence(err, 0), value) {
				t.Errorf("%q is shown: %s", value, fault.Sentence(err, 0))
			}
		}
	})
}

// FuzzCertificates: no panic; what is accepted is accepted once more as it is written to the host; and
// no message shows a line of the key.
func FuzzCertificates(f *testing.F) {
	ca := authority(f, nil)
	server := ca.server(f, newKey(f), nil)
	f.Add(ca.certPEM(), server.certPEM(), server.keyPEM(f))
	f.Add(base64.StdEncoding.EncodeToString([]byte(ca.certPEM())), "Bag Attributes\n"+server.certPEM()+ca.certPEM(), "\ufeff"+server.keyPEM(f))
	f.Add("-----BEGIN CERTIFICATE-----\n", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n", "-----BEGIN PRIVATE KEY-----\nDEK-Info: a\n\n-----END PRIVATE KEY-----\n")
	f.Fuzz(func(t *testing.T, ca, cert, key string) {
		s, err := Parse(nil, certs(t, ca, cert, key), Options{Now: now})
		if err != nil && fault.CodeOf(err) != fault.SettingsInvalid {
			t.Fatalf("code %d: %v", fault.CodeOf(err), err)
		}
		for line := range strings.Lines(key) {
			if line = strings.TrimSpace(line); err != nil && len(line) > 40 && !strings.Contains(line, "-----") && strings.Contains(fault.Sentence(err, 0), line) {
				t.Fatalf("%q is shown: %v", line, err)
			}
		}
		if err != nil || s.Certificates == nil {
			return
		}
		written := s.Certificates
		again, err := Parse(nil, certs(t, string(written.CA), string(written.Cert), written.Key.Reveal()), Options{Now: now})
		if err != nil || !reflect.DeepEqual(again.Certificates, written) {
			t.Fatalf("accepted, and then not: %v", err)
		}
	})
}

// values gives the strings and numbers in some JSON that could not be in a message by chance: they
// hold a mark that no key of the input and no message has.
func values(data []byte) []string {
	var tree any
	if json.Unmarshal(data, &tree) != nil {
		return nil
	}
	var found []string
	var keys strings.Builder
	collect(tree, &found, &keys)
	var sure []string
	for _, value := range found {
		if len(value) > 6 && !strings.Contains(keys.String(), value) && strings.ContainsAny(value, "0123456789") {
			sure = append(sure, value)
		}
	}
	return sure
}

func collect(tree any, found *[]string, keys *strings.Builder) {
	switch node := tree.(type) {
	case string:
		*found = append(*found, node)
	case []any:
		for _, item := range node {
			collect(item, found, keys)
		}
	case map[string]any:
		for key, item := range node {
			keys.WriteString(key + "\n")
			collect(item, found, keys)
		}
	}
}
