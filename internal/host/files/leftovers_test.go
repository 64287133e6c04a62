package files

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"docker-extension/internal/state"
)

func TestRemoveLeftovers(t *testing.T) {
	root, dir := testRoot(t)
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{"f", ".f123", ".f", ".fx1", ".g123", ".f456", ".f789"} {
		must(t, root.Write("/d/"+name, file(0o644, "")))
		at := old
		switch name {
		case ".f456": // in hand
			at = time.Now()
		case ".f789": // from before the clock was put back
			at = time.Now().Add(time.Hour)
		}
		must(t, os.Chtimes(filepath.Join(dir, "d", name), at, at))
	}
	must(t, root.RemoveLeftovers("/d/f", old.Add(time.Minute)))
	wantNames(t, filepath.Join(dir, "d"), ".f", ".f456", ".fx1", ".g123", "f")
	for p, want := range map[string]bool{"/d/f": true, "/d/g": true, "/d/h": false, "/missing/f": false} {
		if got, err := root.HasLeftovers(p); err != nil || got != want {
			t.Errorf("leftovers of %s: %v, %v", p, got, err)
		}
	}
	must(t, root.RemoveLeftovers("/missing/f", time.Now()))
}

func TestSweepFolder(t *testing.T) {
	root := New(t.TempDir())
	for _, name := range []string{".order.json123456", "order.json", ".hidden", "12"} {
		if err := root.Write("/run/x/"+name, state.File{Exists: true, Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.SweepFolder("/run/x"); err != nil {
		t.Fatal(err)
	}
	entries, err := root.List("/run/x")
	if err != nil || len(entries) != 3 || entries[0].Name() != ".hidden" {
		t.Errorf("left: %v, %v", entries, err)
	}
	if err := root.SweepFolder("/no/such"); err != nil {
		t.Error(err)
	}
}
