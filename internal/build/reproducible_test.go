package build

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestReproducible builds the package here and from a copy of the sources in another folder, with
// other file times, another umask and another time zone, and compares the bytes.
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("links four binaries; make test does it")
	}
	here := pack(t, root, "umask 022; TZ=UTC")
	there := pack(t, copySources(t), "umask 077; TZ=Asia/Tokyo")
	if !bytes.Equal(here, there) {
		t.Errorf("two builds of the same sources differ (%d and %d bytes)", len(here), len(there))
	}
}

// pack runs `make package` in a folder after the shell words in setting; it gives the zip.
func pack(t *testing.T, folder, setting string) []byte {
	t.Helper()
	dist := t.TempDir()
	cmd := exec.Command("/bin/sh", "-c", setting+"; export TZ; exec make package VERSION=9.8.7 DIST="+dist)
	cmd.Dir = folder
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make package: %v\n%s", err, output)
	}
	packed, err := os.ReadFile(filepath.Join(dist, "docker-extension-9.8.7.zip"))
	if err != nil {
		t.Fatal(err)
	}
	return packed
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
