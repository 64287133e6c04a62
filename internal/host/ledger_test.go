package host

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

func TestLedgerRoundTrip(t *testing.T) {
	root := files.New(t.TempDir())
	want := state.Ledger{
		Files:   map[string]state.Found{"/etc/docker/key.pem": {Existed: true, Mode: 0o600, Content: []byte{0, 255, '\n'}}},
		Daemon:  map[string]json.RawMessage{"labels": json.RawMessage(`["a=b"]`)},
		Debs:    []string{"docker.io"},
		Members: []state.Member{{User: "u", Group: "docker"}},
		Units:   map[string]state.Loaded{"docker.service": {Started: "ab", FoundEnabled: true}},
	}
	for range 2 {
		if err := SaveLedger(root, want); err != nil {
			t.Fatal(err)
		}
	}
	got, err := LoadLedger(root)
	if err != nil || got.Format != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	got.Format = 0
	before, _ := json.Marshal(want)
	after, _ := json.Marshal(got)
	if string(before) != string(after) {
		t.Errorf(" got %s\nwant %s", after, before)
	}
	for path, mode := range map[string]os.FileMode{LedgerFile: 0o600, "/var/lib/docker-extension": 0o700 | os.ModeDir} {
		if info, err := os.Stat(root.Path(path)); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestLoadLedger(t *testing.T) {
	tests := []struct {
		name, text string
		code       fault.Code
	}{
		{"this format", `{"format":1,"debs":["a"],"later":true}`, fault.OK},
		{"newer", `{"format":2}`, fault.HostConfig},
		{"no format", `{}`, fault.HostConfig},
		{"empty", ``, fault.HostConfig},
		{"torn", `{"format":1,"debs":["a`, fault.HostConfig},
		{"wrong types", `{"format":1,"debs":"a"}`, fault.HostConfig},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := LoadLedger(tree(t, map[string]string{LedgerFile: test.text}))
			if fault.CodeOf(err) != test.code || err != nil && (fault.Faults(err)[0].Hint == "" || err.Error()[:len(LedgerFile)] != LedgerFile) {
				t.Errorf("got %s", fault.Sentence(err, 0))
			}
		})
	}
	got, err := LoadLedger(files.New(t.TempDir()))
	if err != nil || fmt.Sprint(got) != fmt.Sprint(state.Ledger{}) {
		t.Errorf("no ledger: got %+v, %v", got, err)
	}
}
