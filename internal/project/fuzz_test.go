package project

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/internal/fault"
)

// FuzzRead: no panic; faults of one code, in the file; and what was read once is read again to the same,
// so that a conversion never has to be converted.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"services": {"a": {"image": "i", "env_file": ["x", {"path": "y"}]}}}`,
		`{"a": {"image": "i", "net": "container:a", "log_driver": "x", "log_opt": {}, "volume_driver": "d", "volumes": ["v:/v"], "volumes_from": ["a"]}}`,
		`{"a": {"build": ".", "dockerfile": "D"}}`, `{"version": 2, "name": "n", "services": {"a": {"build": {"context": "x", "ssh": {"id": "k"}}}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, _, faults := Read(data, place)
		for _, found := range faults {
			if found.Code != fault.SettingsInvalid || !strings.HasPrefix(found.Place, place) {
				t.Fatalf("a fault with code %d at %s", found.Code, found.Place)
			}
		}
		if p == nil {
			return
		}
		p.Active(map[string]string{"A": "a"})
		for _, written := range [][]byte{p.Written(""), p.Written("2.4")} {
			if !json.Valid(written) {
				t.Fatalf("not JSON: %s", written)
			}
			again, _, faults := Read(written, place)
			if len(faults) > 0 || again == nil || !bytes.Equal(again.File, p.File) {
				t.Fatalf("%s is read again as %v, %v", p.File, again, faults)
			}
		}
	})
}

// FuzzInside holds the rule against what the file system makes of a path.
func FuzzInside(f *testing.F) {
	for _, seed := range []string{"a", "../a", "/etc/shadow", "a/../../b", "./", "~", Folder + "/x", Folder + "/../x", "//etc", "..a", "a/..", "/etc/docker/composed"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !Inside(text) {
			return
		}
		full := text
		if !filepath.IsAbs(full) {
			full = filepath.Join(Folder, text)
		}
		if rel, err := filepath.Rel(Folder, full); err != nil || rel == ".." || strings.HasPrefix(rel, "../") {
			t.Fatalf("%q leads to %s", text, full)
		}
	})
}
