package validate

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"docker-extension/cli/person"
	"docker-extension/internal/fault"
	"docker-extension/internal/pki"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write docs/broken-files.md anew")
	os.Exit(m.Run())
}

func now() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

const introduction = `# What is said of broken files

<!-- Written by "make docs" from a table in cli/validate; changes here are overwritten. -->

What ` + "`docker-extension validate public.json protected.json`" + ` says of files that somebody got wrong: file, line and
column, the place in the settings, what is wrong, and in brackets the cure. On the VM the same is said in the status,
with the place in the settings alone. ` + "`<ca>`" + ` and the like stand for the content of a PEM file.
[faults.md](faults.md) lists more of what can be wrong, one line each.

`

// broken is a pair of files; an empty one is not given.
type broken struct{ what, public, protected string }

// All of them are what people send. What stands in angle brackets is replaced by PEM.
func brokenFiles() []broken {
	certs := func(ca, cert, key string) string {
		return fmt.Sprintf("{\n  \"certs\": {\n    \"ca\": \"%s\",\n    \"cert\": \"%s\",\n    \"key\": \"%s\"\n  }\n}", ca, cert, key)
	}
	const remote = "{\n  \"docker\": {\"port\": 2376}\n}"
	return []broken{
		{"A comma too many", "{\n  \"docker\": {\n    \"port\": 2376,\n  }\n}", ""},
		{"A brace that is missing", "{\n  \"docker\": {\n    \"hold\": true\n  }\n", ""},
		{"A comment", "{\n  // the engine\n  \"docker\": {}\n}", ""},
		{"Quotes of another kind", "{\n  'docker': {}\n}", ""},
		{"A key twice", "{\n  \"docker\": {\"hold\": true},\n  \"docker\": {\"hold\": false}\n}", ""},
		{"A slip", "{\n  \"dokcer\": {}\n}", ""},
		{"A slip further in", "{\n  \"docker\": {\n    \"optoins\": [\"-D\"]\n  }\n}", ""},
		{"A key at the wrong level", "{\n  \"port\": 2376\n}", ""},
		{"The whole of a template's resource", "{\n  \"settings\": {\n    \"docker\": {}\n  }\n}", ""},
		{"Secrets in the public file", "{\n  \"docker\": {},\n  \"login\": {\"username\": \"me\", \"password\": \"secret\"}\n}", ""},
		{"Files in the wrong order", certs("<ca>", "<cert>", "<key>"), remote},
		{"A port without certificates", "{\n  \"docker\": {\n    \"port\": 2376\n  }\n}", ""},
		{"A port that is none, and two more mistakes", "{\n  \"docker\": {\n    \"port\": 70000,\n    \"users\": \"anna\",\n    \"hold\": \"yes\"\n  }\n}", ""},
		{"All flags in one string", "{\n  \"docker\": {\n    \"options\": \"-D --dns=8.8.8.8\"\n  }\n}", ""},
		{"Flags that are unknown, removed, and ours", "{\n  \"docker\": {\n    \"options\": [\n      \"--lable=a=b\",\n      \"--cluster-store=consul://10.0.0.4:8500\",\n      \"--tlsverify\"\n    ]\n  }\n}", ""},
		{"Keys of daemon.json that are none", "{\n  \"docker\": {\n    \"daemon\": {\n      \"log-optz\": {},\n      \"hosts\": [\"tcp://0.0.0.0:2375\"]\n    }\n  }\n}", ""},
		{"A compose file as YAML in a string", "{\n  \"compose\": \"services: {}\"\n}", ""},
		{"A variable that is a number", "{\n  \"compose-environment\": {\n    \"WORKERS\": 4\n  }\n}", ""},
		{"A key, and no certificate", remote, "{\n  \"certs\": {\n    \"key\": \"<key>\"\n  }\n}"},
		{"PEM whose line breaks got lost", remote, certs("<ca>", "<cert in one line>", "<key>")},
		{"Certificate and key in each other's place", remote, certs("<ca>", "<key>", "<cert>")},
		{"The key of another certificate", remote, certs("<ca>", "<cert>", "<client key>")},
		{"The client's certificate for the server's", remote, certs("<ca>", "<client cert>", "<client key>")},
		{"A certificate of another authority", remote, certs("<other ca>", "<cert>", "<key>")},
		{"A certificate that has expired", remote, certs("<old ca>", "<old cert>", "<old key>")},
		{"The name of a file instead of what is in it", remote, certs("ca.pem", "server-cert.pem", "server-key.pem")},
	}
}

// material gives the PEM that stands for each placeholder, as it stands in a JSON string.
func material(t *testing.T) *strings.Replacer {
	t.Helper()
	set := func(at time.Time) pki.Files {
		files, err := pki.Complete(nil, pki.Request{
			Names: pki.Names{Hosts: []string{"vm.example.com"}, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4")}},
			Port:  2376, Now: at, CALife: 10 * 365 * 24 * time.Hour, Life: 365 * 24 * time.Hour,
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	mine, other, old := set(now()), set(now().Add(-time.Hour)), set(now().Add(-400*24*time.Hour))
	text := func(files pki.Files, name string) string {
		quoted := strconv.Quote(files[name].Reveal())
		return quoted[1 : len(quoted)-1]
	}
	return strings.NewReplacer(
		"<ca>", text(mine, pki.CAFile), "<cert>", text(mine, pki.ServerCertFile), "<key>", text(mine, pki.ServerKeyFile),
		"<client cert>", text(mine, pki.CertFile), "<client key>", text(mine, pki.KeyFile), "<other ca>", text(other, pki.CAFile),
		"<old ca>", text(old, pki.CAFile), "<old cert>", text(old, pki.ServerCertFile), "<old key>", text(old, pki.ServerKeyFile),
		"<cert in one line>", strings.ReplaceAll(text(mine, pki.ServerCertFile), `\n`, ""),
	)
}

// The page in the tree is what the command says. Run with -update to write it anew.
func TestBrokenFilesPage(t *testing.T) {
	const file = "../../docs/broken-files.md"
	pem := material(t)
	page := introduction
	for i, b := range brokenFiles() {
		page += fmt.Sprintf("## %d. %s\n\n", i+1, b.what) + b.told(t, pem)
	}
	if len(brokenFiles()) < 20 {
		t.Errorf("only %d files", len(brokenFiles()))
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != page {
		t.Errorf("docs/broken-files.md is not what is said (%v): run `make docs`", err)
	}
}

// told gives one part of the page. Each complaint has a place that is a line of the file, and a cure.
func (b broken) told(t *testing.T, pem *strings.Replacer) string {
	t.Helper()
	folder := t.TempDir()
	var args []string
	text := ""
	for _, f := range [][2]string{{"public.json", b.public}, {"protected.json", b.protected}} {
		if f[1] == "" {
			continue
		}
		args = append(args, f[0])
		text += "`" + f[0] + "`:\n\n```text\n" + strings.TrimRight(f[1], "\n") + "\n```\n\n"
		if err := os.WriteFile(filepath.Join(folder, f[0]), []byte(pem.Replace(f[1])), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, complaints bytes.Buffer
	p := &person.Person{Out: &out, Err: &complaints, Folder: folder, Getenv: func(string) string { return "" }, Now: now}
	err := run(p, args)
	var told person.ErrTold
	if !errors.As(err, &told) || told.Code != fault.SettingsInvalid || out.Len() > 0 {
		t.Errorf("%s: %v, %q", b.what, err, &out)
	}
	said := strings.TrimRight(complaints.String(), "\n")
	lines := strings.Split(said, "\n")
	for _, line := range lines[:len(lines)-1] {
		if !strings.HasPrefix(line, "public.json:") && !strings.HasPrefix(line, "protected.json:") || !strings.HasSuffix(line, ")") {
			t.Errorf("%s: no place or no cure: %s", b.what, line)
		}
	}
	return text + "It says:\n\n```text\n" + said + "\n```\n\n"
}
