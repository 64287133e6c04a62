package machine

import (
	"os"
	"testing"

	"docker-extension/internal/engine"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// A folder that is made for a file of ours goes with the last file in it, and others stay.
func TestFolderGoesWithItsFile(t *testing.T) {
	root := files.New(t.TempDir())
	f := hostFiles{root}
	const another = "/etc/elsewhere/file"
	for _, p := range []string{engine.SocketDropIn, another} {
		if err := f.Write(p, state.File{Exists: true, Mode: 0o644, Content: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{engine.SocketDropIn, another, engine.SocketDropIn} {
		if err := f.Write(p, state.File{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(root.Path("/etc/systemd/system/docker.socket.d")); !os.IsNotExist(err) {
		t.Errorf("the folder of the drop-in is left: %v", err)
	}
	if _, err := os.Stat(root.Path("/etc/elsewhere")); err != nil {
		t.Errorf("the folder of another file is gone: %v", err)
	}
}
