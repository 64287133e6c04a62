package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

const body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg"

// Every line has the word that must go, and words that must stay.
func TestScrub(t *testing.T) {
	begin, end := "-----BEGIN EC PRIVATE KEY-----", "-----END EC PRIVATE KEY-----"
	tests := []struct{ name, text, want string }{
		{"a key", "before\n" + begin + "\n" + body + "\n" + end + "\nafter", "before\n\n[redacted]\n\nafter"},
		{"a key without its beginning", body + "\n" + body + "\n" + end, "\n[redacted]\n"},
		{"a key without its end", "x " + begin + "\n" + body, "x [redacted]\n"},
		{"a key in JSON", `{"k":"` + begin + `\n` + body + `\n` + end + `\n"}`, "{\"k\":\"\n[redacted]\n\\n\"}"},
		{"an address", "dial http://me:geheim@proxy:3128 failed", "dial http://me:[redacted]@proxy:3128 failed"},
		{"credentials", `"auths": {"r": {"auth": "geheim"}}, "identitytoken":"geheim\"geheim"`, `"auths": {"r": {"auth": "[redacted]"}}, "identitytoken":"[redacted]"`},
		{"settings", `"protectedSettings": "geheim=="`, `"protectedSettings": "[redacted]"`},
		{"variables", `MYSQL_ROOT_PASSWORD=geheim API_KEY="geheim geheim" PATH=/bin`, `MYSQL_ROOT_PASSWORD=[redacted] API_KEY=[redacted] PATH=/bin`},
		{"a header", "Authorization: Bearer geheim, x", "Authorization: [redacted], x"},
		{"nothing", "key.pem is there; certs.key: is not the private key of certs.cert", "key.pem is there; certs.key: is not the private key of certs.cert"},
		{"no text", "a\xffb", "a\uFFFDb"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Scrub(test.text); got != test.want || strings.Contains(got, "geheim") || strings.Contains(got, body) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func TestPublic(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"nothing", " ", "{}\n"},
		{"no JSON", "geheim", "is not JSON\n"},
		{"variables", `{"docker":{"port":2376},"compose-environment":{"A":"geheim"},"compose":{"services":{"w":{"image":"nginx","environment":["B=geheim","C"]}}}}`,
			`{"compose":{"services":{"w":{"environment":["B=[redacted]","[redacted]"],"image":"nginx"}}},"compose-environment":{"A":"[redacted]"},"docker":{"port":2376}}`},
		{"secrets in the wrong place", `{"certs":{"key":"geheim"},"login":[{"password":"geheim","n":4711}],"adminPassword":"geheim"}`,
			`{"adminPassword":"[redacted]","certs":{"key":"[redacted]"},"login":[{"n":"[redacted]","password":"[redacted]"}]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Public([]byte(test.text))
			if strings.HasPrefix(test.want, `{"`) {
				got = strings.NewReplacer("\n", "", "  ", "", `": `, `":`).Replace(got)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// A secret is gone whether it is known or looks like one, also where taking out one uncovers another.
func TestPack(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	known := func(text string) string { return strings.ReplaceAll(text, "hush", "[redacted]") }
	packed, err := Pack("report", []Entry{{"a/b.txt", "hush PASSWORD=geheim"}, {"c", ""}}, at, known)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Pack("report", []Entry{{"a/b.txt", "hush PASSWORD=geheim"}, {"c", ""}}, at, known)
	if err != nil || !bytes.Equal(packed, again) {
		t.Errorf("the same entries make another archive: %v", err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(unzipped)
	got := ""
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		got += header.Name + " " + header.FileInfo().Mode().String() + " " + string(content) + "\n"
	}
	if want := "report/a/b.txt -rw------- [redacted] PASSWORD=[redacted]\nreport/c -rw------- \n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func FuzzPublic(f *testing.F) {
	f.Add([]byte(`{"environment": {"A": ["x", 1, null, true]}}`))
	f.Fuzz(func(_ *testing.T, text []byte) { Public(text); Scrub(string(text)) })
}
