package files

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"docker-extension/internal/fault"
)

// On a disk that has filled up since, the room that was set aside takes one write, whole and under its own
// name; what is not used is given back.
func TestSpare(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts a small file system")
	}
	root, dir := testRoot(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	must(t, root.Write("/f", file(0o600, "old")))
	spare, err := root.Reserve("/f", 64<<10)
	must(t, err)
	unused, err := root.Reserve("/f", 64<<10)
	must(t, err)
	_ = os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600)

	err = root.Write("/f", file(0o600, "new"))
	if wantFault(t, err, fault.HostFiles, "/f", "make room"); !Full(err) {
		t.Errorf("not for want of room: %v", err)
	}
	if _, err := root.Reserve("/f", 64<<10); !Full(err) {
		t.Errorf("room was found on a full disk: %v", err)
	}
	must(t, spare.Write(file(0o640, "new")))
	if got, _ := root.Read("/f"); !got.Equal(file(0o640, "new")) {
		t.Errorf("the file is %v", got)
	}
	spare.Release()
	unused.Release()
	wantNames(t, dir, "f", "filler")
}

// Something at the place of the file that is not a regular file stays.
func TestSpareIsCareful(t *testing.T) {
	root, dir := testRoot(t)
	must(t, os.Symlink("/elsewhere", filepath.Join(dir, "f")))
	spare, err := root.Reserve("/f", 4096)
	must(t, err)
	wantFault(t, spare.Write(file(0o600, "new")), fault.HostFiles, "/f", "")
	spare.Release()
	wantNames(t, dir, "f")
}
