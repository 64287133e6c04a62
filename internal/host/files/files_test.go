package files

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

func testRoot(t *testing.T) (Root, string) {
	t.Helper()
	dir := t.TempDir()
	return New(dir), dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantFault checks that err is a Fault about p, and that its words contain text.
func wantFault(t *testing.T, err error, code fault.Code, p, text string) {
	t.Helper()
	if fault.CodeOf(err) != code {
		t.Fatalf("error %v has code %d, want %d", err, fault.CodeOf(err), code)
	}
	if !strings.HasPrefix(err.Error(), p+": ") || !strings.Contains(fault.Sentence(err, 0), text) {
		t.Fatalf("error %q should be about %s and say %q", fault.Sentence(err, 0), p, text)
	}
}

func TestPathStaysBelowTheRoot(t *testing.T) {
	for _, c := range []struct{ root, path, want string }{
		{"", "/etc/docker", "/etc/docker"},
		{"/", "/etc/docker", "/etc/docker"},
		{"/tmp/host", "/etc/docker", "/tmp/host/etc/docker"},
		{"/tmp/host", "/", "/tmp/host"},
		{"/tmp/host", "/../../etc/shadow", "/tmp/host/etc/shadow"},
		{"/tmp/host", "../etc/shadow", "/tmp/host/etc/shadow"},
	} {
		if got := New(c.root).Path(c.path); got != c.want {
			t.Errorf("New(%q).Path(%q) = %q, want %q", c.root, c.path, got, c.want)
		}
	}
	for _, c := range []struct{ root, path, want string }{
		{"", "/etc/docker", "/etc/docker"},
		{"/tmp/host", "/tmp/host/etc/docker", "/etc/docker"},
		{"/tmp/host", "/tmp/hostile/etc", "/tmp/hostile/etc"},
		{"/tmp/host", "/etc/docker", "/etc/docker"},
	} {
		if got := New(c.root).Below(c.path); got != c.want {
			t.Errorf("New(%q).Below(%q) = %q, want %q", c.root, c.path, got, c.want)
		}
	}
	if got := (Root{}).Path("/etc"); got != "/etc" {
		t.Errorf("the zero Root gives %q, want the real host's /etc", got)
	}
}

func TestReadGivesContentAndMode(t *testing.T) {
	root, dir := testRoot(t)
	must(t, os.WriteFile(filepath.Join(dir, "f"), []byte("text"), 0o600))
	must(t, os.Chmod(filepath.Join(dir, "f"), 0o640))

	got, err := root.Read("/f")
	must(t, err)
	if want := (state.File{Exists: true, Mode: 0o640, Content: []byte("text")}); !got.Equal(want) {
		t.Errorf("Read gave %v, want %v", got, want)
	}
}

func TestReadOfAMissingFileIsNoError(t *testing.T) {
	root, _ := testRoot(t)
	for _, p := range []string{"/f", "/no/such/dir/f"} {
		got, err := root.Read(p)
		if err != nil || got.Exists {
			t.Errorf("Read(%s) = %v, %v; want a file that does not exist", p, got, err)
		}
	}
}

func TestReadRefusesWhatIsNoFileOfOurs(t *testing.T) {
	root, dir := testRoot(t)
	must(t, os.Mkdir(filepath.Join(dir, "dir"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	must(t, os.Symlink("file", filepath.Join(dir, "link")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	must(t, os.Symlink("/dev/null", filepath.Join(dir, "null")))
	must(t, os.WriteFile(filepath.Join(dir, "large"), bytes.Repeat([]byte("x"), 11), 0o644))

	for _, c := range []struct{ path, says string }{
		{"/dir", "a directory"},
		{"/link", "a symbolic link"},
		{"/pipe", "a named pipe"},
		{"/large", "larger than 10 bytes"},
		{"/file/below", "move the file away"},
	} {
		_, err := root.ReadAtMost(c.path, 10)
		wantFault(t, err, fault.HostFiles, c.path, c.says)
	}
	_, err := root.ReadFollowing("/null")
	wantFault(t, err, fault.HostFiles, "/null", "a device")
}

func TestReadTakesAFileOfExactlyTheLimit(t *testing.T) {
	root, dir := testRoot(t)
	must(t, os.WriteFile(filepath.Join(dir, "f"), []byte("0123456789"), 0o644))
	if got, err := root.ReadAtMost("/f", 10); err != nil || len(got.Content) != 10 {
		t.Errorf("ReadAtMost gave %d bytes and %v, want 10 bytes", len(got.Content), err)
	}
}

func TestReadFollowingFollows(t *testing.T) {
	root, dir := testRoot(t)
	must(t, os.MkdirAll(filepath.Join(dir, "usr/lib"), 0o755))
	must(t, os.MkdirAll(filepath.Join(dir, "etc"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "usr/lib/os-release"), []byte("ID=debian\n"), 0o644))
	must(t, os.Symlink("../usr/lib/os-release", filepath.Join(dir, "etc/os-release")))

	got, err := root.ReadFollowing("/etc/os-release")
	if err != nil || string(got.Content) != "ID=debian\n" {
		t.Errorf("ReadFollowing gave %q, %v", got.Content, err)
	}
}

func TestList(t *testing.T) {
	root, dir := testRoot(t)
	must(t, os.WriteFile(filepath.Join(dir, "b"), nil, 0o644))
	must(t, os.Mkdir(filepath.Join(dir, "a"), 0o755))

	entries, err := root.List("/")
	must(t, err)
	if len(entries) != 2 || entries[0].Name() != "a" || entries[1].Name() != "b" {
		t.Errorf("List gave %v, want a and b", entries)
	}
	if entries, err := root.List("/missing"); err != nil || entries != nil {
		t.Errorf("List of a missing directory gave %v, %v; want nothing", entries, err)
	}
	_, err = root.List("/b")
	wantFault(t, err, fault.HostFiles, "/b", "cannot list")
}

func TestExistsAndIsDir(t *testing.T) {
	root, dir := testRoot(t)
	must(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	must(t, os.Mkdir(filepath.Join(dir, "dir"), 0o755))
	must(t, os.Symlink("dir", filepath.Join(dir, "link")))
	for _, c := range []struct {
		path          string
		exists, isDir bool
	}{{"/missing", false, false}, {"/dangling", true, false}, {"/dir", true, true}, {"/link", true, true}} {
		if root.Exists(c.path) != c.exists || root.IsDir(c.path) != c.isDir {
			t.Errorf("%s: Exists %v, IsDir %v", c.path, root.Exists(c.path), root.IsDir(c.path))
		}
	}
}

func TestModTime(t *testing.T) {
	root, dir := testRoot(t)
	want := time.Unix(1_700_000_000, 0)
	must(t, os.WriteFile(filepath.Join(dir, "f"), nil, 0o644))
	must(t, os.Chtimes(filepath.Join(dir, "f"), want, want))
	if at, there, err := root.ModTime("/f"); !at.Equal(want) || !there || err != nil {
		t.Errorf("ModTime gave %v, %v, %v", at, there, err)
	}
	if _, there, err := root.ModTime("/missing"); there || err != nil {
		t.Errorf("ModTime of a missing file gave %v, %v", there, err)
	}
	_, _, err := root.ModTime("/f/below")
	wantFault(t, err, fault.HostFiles, "/f/below", "cannot look at")
}
