package files

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"docker-extension/internal/fault"
)

func TestRemoveTree(t *testing.T) {
	root, dir := testRoot(t)
	must(t, root.Write("/var/lib/docker/a/b", file(0o644, "")))
	must(t, root.RemoveTree("/var/lib/docker"))
	must(t, root.RemoveTree("/var/lib/docker"))
	wantNames(t, filepath.Join(dir, "var/lib"))

	must(t, root.Write("/mnt/data/images/x", file(0o644, "")))
	must(t, os.Symlink(filepath.Join(dir, "mnt/data"), filepath.Join(dir, "var/lib/docker")))
	must(t, root.RemoveTree("/var/lib/docker"))
	wantNames(t, filepath.Join(dir, "var/lib"))
	wantNames(t, filepath.Join(dir, "mnt"))

	for _, p := range []string{"/", "/var", "/var/lib/../../var"} {
		wantFault(t, root.RemoveTree(p), fault.HostFiles, p, "too near to the root")
	}
	wantNames(t, dir, "mnt", "var")
}

func TestRemoveTreeDoesNotFollowLinksInside(t *testing.T) {
	root, dir := testRoot(t)
	must(t, root.Write("/home/precious", file(0o644, "")))
	must(t, root.MakeDir("/var/tree", 0o755))
	must(t, os.Symlink(filepath.Join(dir, "home"), filepath.Join(dir, "var/tree/link")))
	must(t, root.RemoveTree("/var/tree"))
	wantNames(t, filepath.Join(dir, "home"), "precious")
}

// tmpfs mounts an empty file system, which needs root, until the test ends.
func tmpfs(t *testing.T, at string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounts a file system: needs root")
	}
	must(t, os.MkdirAll(at, 0o755))
	if err := syscall.Mount("tmpfs", at, "tmpfs", 0, ""); err != nil {
		t.Skipf("mounts a file system, which is not allowed here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(at, syscall.MNT_DETACH) })
}

func TestRemoveTreeEmptiesADiskOfItsOwn(t *testing.T) {
	root, dir := testRoot(t)
	tree := filepath.Join(dir, "var/lib/doc ker")
	tmpfs(t, tree)
	must(t, root.Write("/var/lib/doc ker/images/x", file(0o644, "")))
	must(t, root.RemoveTree("/var/lib/doc ker"))
	wantNames(t, tree)
}

func TestRemoveTreeSparesWhatIsMountedInside(t *testing.T) {
	root, dir := testRoot(t)
	share := filepath.Join(dir, "var/lib/docker/volumes/share")
	tmpfs(t, share)
	must(t, root.Write("/var/lib/docker/volumes/share/precious", file(0o644, "")))
	wantFault(t, root.RemoveTree("/var/lib/docker"), fault.HostFiles, "/var/lib/docker", "mounted at "+share)
	wantNames(t, share, "precious")
}

func TestRemoveIfEmpty(t *testing.T) {
	root, dir := testRoot(t)
	must(t, root.Write("/etc/a/file", file(0o644, "")))
	must(t, root.MakeDir("/etc/b", 0o755))
	for _, p := range []string{"/etc/a", "/etc/b", "/etc/c"} {
		must(t, root.RemoveIfEmpty(p))
	}
	wantNames(t, filepath.Join(dir, "etc"), "a")
	wantFault(t, root.RemoveIfEmpty("/etc/a/file"), fault.HostFiles, "/etc/a/file", "not a directory")
}
