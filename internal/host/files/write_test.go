package files

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

func file(mode fs.FileMode, content string) state.File {
	return state.File{Exists: true, Mode: mode, Content: []byte(content)}
}

// names gives what is in a directory, so that a test sees temporary files that stay behind.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := names(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s holds %v, want %v", dir, got, want)
	}
}

func TestWriteGivesBackWhatWasWritten(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o777} {
		for _, mode := range []fs.FileMode{0o600, 0o644, 0o755, 0o666} {
			t.Run(fmt.Sprintf("umask %#o mode %#o", umask, mode), func(t *testing.T) {
				root, dir := testRoot(t)
				defer syscall.Umask(syscall.Umask(umask))
				for _, content := range []string{"first", "", "third\x00\xff"} {
					must(t, root.Write("/a/b/f", file(mode, content)))
					got, err := root.Read("/a/b/f")
					must(t, err)
					if !got.Equal(file(mode, content)) {
						t.Errorf("wrote %q with %v, read %q with %v", content, mode, got.Content, got.Mode)
					}
				}
				wantNames(t, filepath.Join(dir, "a/b"), "f")
				wantMode(t, filepath.Join(dir, "a"), 0o755)
				wantMode(t, filepath.Join(dir, "a/b"), 0o755)
			})
		}
	}
}

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode().Perm() != want {
		t.Errorf("%s has mode %v, want %v", path, info.Mode().Perm(), want)
	}
}

func TestWriteSetsTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: only root can have a directory that gives files another group")
	}
	root, dir := testRoot(t)
	must(t, os.Mkdir(filepath.Join(dir, "d"), 0o755))
	must(t, os.Chown(filepath.Join(dir, "d"), 0, 12345))
	must(t, os.Chmod(filepath.Join(dir, "d"), 0o755|fs.ModeSetgid))

	must(t, root.Write("/d/f", file(0o600, "")))
	must(t, root.MakeDir("/d/sub", 0o700))
	for _, name := range []string{"d/f", "d/sub"} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 0 || owner.Gid != 0 {
			t.Errorf("%s belongs to %d:%d, want 0:0", name, owner.Uid, owner.Gid)
		}
	}
}

func TestWriteRefusesWhatIsNoFile(t *testing.T) {
	root, dir := testRoot(t)
	must(t, os.MkdirAll(filepath.Join(dir, "dir"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "target"), []byte("theirs"), 0o644))
	must(t, os.Symlink("target", filepath.Join(dir, "link")))
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	before := names(t, dir)

	for _, c := range []struct{ path, says string }{
		{"/dir", "a directory"}, {"/link", "a symbolic link"}, {"/pipe", "a named pipe"},
		{"/target/below", "move the file away"},
	} {
		wantFault(t, root.Write(c.path, file(0o644, "ours")), fault.HostFiles, c.path, c.says)
	}
	wantNames(t, dir, before...)
	if got, _ := root.Read("/target"); string(got.Content) != "theirs" {
		t.Errorf("the link's target now holds %q", got.Content)
	}
}

func TestWriteThatFailsLeavesTheOldFileAndNothingElse(t *testing.T) {
	root, dir := testRoot(t)
	must(t, root.Write("/f", file(0o644, "old")))
	if err := root.replace("/f", brokenReader{}, 0o644); err == nil {
		t.Fatal("a broken source should be an error")
	}
	if got, _ := root.Read("/f"); string(got.Content) != "old" {
		t.Errorf("the file holds %q, want the old content", got.Content)
	}
	wantNames(t, dir, "f")
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, syscall.EIO }

// TestWriteIsAtomic reads while others write: every read must see one writer's whole file.
func TestWriteIsAtomic(t *testing.T) {
	root, dir := testRoot(t)
	const size = 100_000
	must(t, root.Write("/f", file(0o600, string(bytes.Repeat([]byte("0"), size)))))

	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for range 20 {
				content := bytes.Repeat([]byte{byte('a' + w)}, size)
				if err := root.Write("/f", state.File{Exists: true, Mode: 0o600, Content: content}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 200 {
		got, err := root.Read("/f")
		must(t, err)
		if len(got.Content) != size || len(bytes.Trim(got.Content, string(got.Content[:1]))) != 0 {
			t.Fatal("read a file that nobody wrote")
		}
	}
	writers.Wait()
	wantNames(t, dir, "f")
}

func TestWriteOfAnAbsentFileRemoves(t *testing.T) {
	root, dir := testRoot(t)
	must(t, root.Write("/f", file(0o644, "x")))
	must(t, root.Write("/f", state.File{}))
	must(t, root.Write("/f", state.File{}))
	must(t, root.Write("/no/such/dir/f", state.File{}))
	wantNames(t, dir)
}

func TestCopy(t *testing.T) {
	root, dir := testRoot(t)
	must(t, root.Write("/bin/a", file(0o644, "program")))
	must(t, root.Copy("/bin/a", "/lib/b", 0o755))
	if got, _ := root.Read("/lib/b"); !got.Equal(file(0o755, "program")) {
		t.Errorf("the copy is %v", got)
	}
	inode := func() uint64 {
		info, err := os.Stat(filepath.Join(dir, "lib/b"))
		must(t, err)
		return info.Sys().(*syscall.Stat_t).Ino
	}
	before := inode()
	must(t, root.Copy("/bin/a", "/lib/b", 0o755))
	if inode() != before {
		t.Error("the same file was copied again")
	}
	for _, change := range []state.File{file(0o755, "PROGRAM"), file(0o700, "program"), file(0o755, "programs"), file(0o755, "")} {
		must(t, root.Write("/lib/b", change))
		must(t, root.Copy("/bin/a", "/lib/b", 0o755))
		if got, _ := root.Read("/lib/b"); !got.Equal(file(0o755, "program")) {
			t.Errorf("after %v the copy is %v", change, got)
		}
	}
	must(t, os.Symlink("a", filepath.Join(dir, "bin/link")))
	wantFault(t, root.Copy("/bin/link", "/lib/b", 0o755), fault.HostFiles, "/bin/link", "a symbolic link")
	wantFault(t, root.Copy("/bin/none", "/lib/b", 0o755), fault.HostFiles, "/bin/none", "no such file")
}

func TestMakeDir(t *testing.T) {
	root, dir := testRoot(t)
	defer syscall.Umask(syscall.Umask(0o077))
	must(t, root.MakeDir("/a/b/c", 0o711))
	wantMode(t, filepath.Join(dir, "a/b"), 0o755)
	wantMode(t, filepath.Join(dir, "a/b/c"), 0o711)

	must(t, root.MakeDir("/a/b/c", 0o700))
	wantMode(t, filepath.Join(dir, "a/b/c"), 0o711) // what is there stays as it is

	must(t, root.Write("/f", file(0o644, "")))
	wantFault(t, root.MakeDir("/f", 0o755), fault.HostFiles, "/f", "move the file away")
}

func TestRemove(t *testing.T) {
	root, dir := testRoot(t)
	must(t, root.Write("/target", file(0o644, "")))
	must(t, os.Symlink("target", filepath.Join(dir, "link")))
	must(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))

	must(t, root.Remove("/link"))
	must(t, root.Remove("/missing"))
	wantFault(t, root.Remove("/empty"), fault.HostFiles, "/empty", "a directory")
	wantNames(t, dir, "empty", "target")
}

func TestPublishAndRename(t *testing.T) {
	root, dir := testRoot(t)
	must(t, root.MakeDir("/log/events", 0o700))
	must(t, root.Publish("/log/events/1.json", file(0o640, "{}"), "/log"))
	if got, _ := root.Read("/log/events/1.json"); !got.Equal(file(0o640, "{}")) {
		t.Errorf("the published file is %v", got)
	}
	wantFault(t, root.Publish("/log/none/1.json", file(0o640, "{}"), "/log"), fault.HostFiles, "/log/none/1.json", "cannot write")
	wantNames(t, filepath.Join(dir, "log"), "events")

	must(t, root.Rename("/log/events/1.json", "/log/1.json"))
	wantNames(t, filepath.Join(dir, "log"), "1.json", "events")
	wantFault(t, root.Rename("/log/2", "/log/3"), fault.HostFiles, "/log/2", "cannot rename")
}

func TestOpenAppend(t *testing.T) {
	root, dir := testRoot(t)
	for _, line := range []string{"a\n", "b\n"} {
		f, err := root.OpenAppend("/log", 0o600)
		must(t, err)
		_, err = f.WriteString(line)
		must(t, err)
		must(t, f.Close())
	}
	if got, _ := root.Read("/log"); !got.Equal(file(0o600, "a\nb\n")) {
		t.Errorf("the log is %v", got)
	}
	must(t, os.Symlink("log", filepath.Join(dir, "link")))
	_, err := root.OpenAppend("/link", 0o600)
	wantFault(t, err, fault.HostFiles, "/link", "a symbolic link")
}

func TestHints(t *testing.T) {
	for errno, says := range map[syscall.Errno]string{
		syscall.ENOSPC: "make room", syscall.EDQUOT: "make room", syscall.EROFS: "read-write",
		syscall.EACCES: "as root", syscall.EPERM: "as root", syscall.EBUSY: "unmount", syscall.EIO: "disk",
	} {
		err := failed("write", "/etc/x", &fs.PathError{Op: "open", Path: "/root/etc/x", Err: errno})
		wantFault(t, err, fault.HostFiles, "/etc/x", says)
		if want := "/etc/x: cannot write: " + errno.Error(); err.Error() != want {
			t.Errorf("error says %q, want %q", err, want)
		}
	}
	if err := failed("write", "/x", nil); err != nil {
		t.Errorf("no error became %v", err)
	}
}

// TestFullDisk writes to a file system without room, if the machine lends one.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts a small file system")
	}
	root, dir := testRoot(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()

	must(t, root.Write("/f", file(0o600, "old")))
	big := state.File{Exists: true, Mode: 0o600, Content: make([]byte, 1<<20)}
	wantFault(t, root.Write("/f", big), fault.HostFiles, "/f", "make room")
	if got, _ := root.Read("/f"); !got.Equal(file(0o600, "old")) {
		t.Errorf("the file is %v, want the old one", got)
	}
	wantNames(t, dir, "f")

	must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=64k"))
	wantFault(t, root.Write("/f", file(0o600, "new")), fault.HostFiles, "/f", "read-write")
}

// Files that belong together change together, as far as one rename after the other can: what cannot even be laid
// down changes none, and leaves nothing beside them.
func TestWriteAll(t *testing.T) {
	root := New(t.TempDir())
	old, next := state.File{Exists: true, Mode: 0o644, Content: []byte("old")}, state.File{Exists: true, Mode: 0o600, Content: []byte("next")}
	for _, p := range []string{"/a", "/gone"} {
		if err := root.Write(p, old); err != nil {
			t.Fatal(err)
		}
	}
	if err := root.WriteAll([]string{"/a", "/gone", "/a/below"}, map[string]state.File{"/a": next, "/a/below": next}); err == nil {
		t.Fatal("a file was made below a file")
	}
	if got, err := root.Read("/a"); err != nil || !got.Equal(old) || !root.Exists("/gone") {
		t.Errorf("%+v, %v", got, err)
	}
	if err := root.WriteAll([]string{"/a", "/gone", "/new"}, map[string]state.File{"/a": next, "/new": next}); err != nil {
		t.Fatal(err)
	}
	entries, err := root.List("/")
	if err != nil || len(entries) != 2 {
		t.Errorf("there are %v, %v", entries, err)
	}
	for _, p := range []string{"/a", "/new"} {
		if got, err := root.Read(p); err != nil || !got.Equal(next) {
			t.Errorf("%s: %+v, %v", p, got, err)
		}
	}
}
