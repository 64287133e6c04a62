package bodies_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/settings"
	"docker-extension/test/bodies"
	"docker-extension/test/harness/pki"
)

// Every key of the settings has a row, so that a key that is added is set, changed and dropped in a VM; and
// every row is about a key that there is.
func TestEveryKeyHasARow(t *testing.T) {
	have := map[string]int{}
	for _, key := range bodies.Keys() {
		have[key.Path]++
	}
	want := map[string]bool{}
	for place, schema := range map[string]string{"publicSettings": settings.PublicSchema(), "protectedSettings": settings.ProtectedSchema()} {
		paths, err := bodies.Paths(place, schema)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			want[path] = true
		}
	}
	if len(want) < 35 {
		t.Errorf("the schemas have only %d keys", len(want))
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if have[path] != 1 {
			t.Errorf("%s has %d rows in keys.go, one is wanted", path, have[path])
		}
	}
	for _, path := range slices.Sorted(maps.Keys(have)) {
		if !want[path] {
			t.Errorf("%s has a row in keys.go and is no key of the settings", path)
		}
	}
}

// The settings of a row are good, but for those that are to be refused, and they differ.
func TestRowsAreGood(t *testing.T) {
	set, err := pki.NewSet(nil, "vm.example.com")
	if err != nil {
		t.Fatal(err)
	}
	blanks := map[bodies.Blank]string{
		bodies.CA: string(set.Authority.Cert), bodies.Cert: string(set.Server.Cert), bodies.CertKey: string(set.Server.Key),
		bodies.BothCAs: string(set.Authority.Cert), bodies.NewCert: string(set.Server.Cert), bodies.NewKey: string(set.Server.Key),
		bodies.Mirror: "http://one.example.com", bodies.MirrorToo: "http://two.example.com",
		bodies.Proxy: "http://one.example.com:3128", bodies.ProxyToo: "http://two.example.com:3128",
		bodies.SignedBy: "https://one.example.com/good.asc", bodies.SignedFP: strings.Repeat("9DC8", 10), bodies.SpacedFP: strings.Repeat("9DC8 ", 10),
	}
	for _, key := range bodies.Keys() {
		if key.Set == key.Changed || key.Changed == key.Dropped || key.Set == key.Dropped {
			t.Errorf("%s: two of the three settings are the same", key.Path)
		}
		for _, body := range []bodies.Body{key.Set, key.Changed, key.Dropped} {
			body = body.Fill(blanks)
			_, err := settings.Parse([]byte(body.Public), []byte(body.Protected), settings.Options{Now: time.Now()})
			refused := body == key.Dropped.Fill(blanks) && strings.HasPrefix(key.Refused, "lacks")
			if refused && (fault.CodeOf(err) != fault.SettingsInvalid || !strings.Contains(err.Error(), key.Refused)) || !refused && err != nil {
				t.Errorf("%s: %v with %+v", key.Path, err, body)
			}
		}
	}
}

// What is put in a blank stands in JSON.
func TestFill(t *testing.T) {
	text := "two\nlines and a \"quote\""
	filled := bodies.Body{Public: `{"a": "<ca>"}`, Protected: `{"b": "<ca>"}`}.Fill(map[bodies.Blank]string{bodies.CA: text})
	var a, b map[string]string
	if err := json.Unmarshal([]byte(filled.Public), &a); err != nil || a["a"] != text {
		t.Errorf("public is %s, %v", filled.Public, err)
	}
	if err := json.Unmarshal([]byte(filled.Protected), &b); err != nil || b["b"] != text {
		t.Errorf("protected is %s, %v", filled.Protected, err)
	}
}
