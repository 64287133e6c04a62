package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

func content(text string) state.File {
	return state.File{Exists: true, Mode: 0o600, Content: []byte(text)}
}

// What is there stays, whatever it is.
func TestCreate(t *testing.T) {
	dir := t.TempDir()
	root := New(dir)
	if err := root.Create("/new", content("a")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "new")); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"/new", "/link", "/"} {
		if err := root.Create(p, content("b")); fault.CodeOf(err) != fault.HostFiles || !strings.Contains(err.Error(), "is there already") {
			t.Errorf("%s: %v", p, err)
		}
	}
	if file, err := root.Read("/new"); err != nil || string(file.Content) != "a" {
		t.Errorf("%q, %v", file.Content, err)
	}
	if root.Exists("/nowhere") {
		t.Error("a link was followed")
	}
	if err := root.Create("/no/dir", content("")); fault.CodeOf(err) != fault.HostFiles {
		t.Errorf("without a directory: %v", err)
	}
}

// A second name keeps what was there before a replacement.
func TestKeepAndReplace(t *testing.T) {
	root := New(t.TempDir())
	if err := root.Create("/a", content("old")); err != nil {
		t.Fatal(err)
	}
	if err := root.MakeNewDir("/kept"); err != nil {
		t.Fatal(err)
	}
	if err := root.MakeNewDir("/kept"); fault.CodeOf(err) != fault.HostFiles {
		t.Errorf("a second time: %v", err)
	}
	if err := root.Keep("/a", "/kept/a"); err != nil {
		t.Fatal(err)
	}
	if err := root.Keep("/a", "/kept/a"); fault.CodeOf(err) != fault.HostFiles {
		t.Errorf("over another: %v", err)
	}
	if err := root.Replace("/a", content("new")); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]string{"/a": "new", "/kept/a": "old"} {
		if file, err := root.Read(p); err != nil || string(file.Content) != want || file.Mode != 0o600 {
			t.Errorf("%s: %q %v, %v", p, file.Content, file.Mode, err)
		}
	}
	if entries, err := root.List("/"); err != nil || len(entries) != 2 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestReadFrom(t *testing.T) {
	root := New(t.TempDir())
	read := func(offset int64, want string, wantNext int64) {
		t.Helper()
		if got, next, err := root.ReadFrom("/log", offset); err != nil || string(got) != want || next != wantNext {
			t.Errorf("from %d: %q, %d, %v", offset, got, next, err)
		}
	}
	read(0, "", 0)
	if err := root.Create("/log", content("one\ntwo\n")); err != nil {
		t.Fatal(err)
	}
	read(0, "one\ntwo\n", 8)
	read(4, "two\n", 8)
	read(8, "", 8)
	read(9, "one\ntwo\n", 8) // another file by now
}
