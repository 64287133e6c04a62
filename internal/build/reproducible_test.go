package build

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestReproducible makes a release here and from a copy of the sources in another folder, with other file
// times, another umask and another time zone, and compares every byte of it.
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("links eight binaries; make test does it")
	}
	here := release(t, root, "umask 022; TZ=UTC")
	there := release(t, copySources(t), "umask 077; TZ=Asia/Tokyo")
	if len(here) != 8 || len(here) != len(there) {
		t.Errorf("the releases have %d and %d files", len(here), len(there))
	}
	for name, content := range here {
		if !bytes.Equal(content, there[name]) {
			t.Errorf("%s: two builds of the same sources differ (%d and %d bytes)", name, len(content), len(there[name]))
		}
	}
}

// release runs `make release` in a folder after the shell words in setting; it gives the files.
func release(t *testing.T, folder, setting string) map[string][]byte {
	t.Helper()
	dist := t.TempDir()
	cmd := exec.Command("/bin/sh", "-c", setting+"; export TZ; exec make release VERSION=9.8.7 DIST="+dist)
	cmd.Dir = folder
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make release: %v\n%s", err, output)
	}
	names, err := filepath.Glob(filepath.Join(dist, "release-9.8.7", "*"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(name)] = content
	}
	return files
}

// copySources copies the sources without their history and their products.
func copySources(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	source := os.DirFS(root)
	err := fs.WalkDir(source, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path == ".git" || path == "dist" {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(folder, path), 0o755)
		}
		content, err := fs.ReadFile(source, path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(folder, path), content, 0o755)
	})
	if err != nil {
		t.Fatal(err)
	}
	return folder
}
