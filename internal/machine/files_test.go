package machine

import (
	"os"
	"testing"

	"github.com/sirupsen/logrus"

	"docker-extension/internal/engine"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// What a run left that was cut off in its last write is found by the next one, and swept away.
func TestCutInTheLastWriteIsSwept(t *testing.T) {
	root := files.New(t.TempDir())
	if err := root.Write("/var/lib/docker-extension/.last-run.json123", state.File{Exists: true, Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	m := New(root, logrus.NewEntry(logrus.New()))
	for _, cutOff := range []bool{true, false} {
		facts, err := m.Survey()
		if err != nil || facts.CutOff != cutOff {
			t.Errorf("cut off: %v, %v; wanted %v", facts.CutOff, err, cutOff)
		}
		if err := (hostFiles{root}).Sweep(nil); err != nil {
			t.Error(err)
		}
	}
}

// A folder that is made for a file of ours goes with the last file in it, and others stay.
func TestFolderGoesWithItsFile(t *testing.T) {
	root := files.New(t.TempDir())
	f := hostFiles{root}
	const another = "/etc/elsewhere/file"
	for _, p := range []string{engine.SocketDropIn, another} {
		file := state.File{Exists: true, Mode: 0o644, Content: []byte("x")}
		if err := f.Write([]string{p}, map[string]state.File{p: file}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{engine.SocketDropIn, another, engine.SocketDropIn} {
		if err := f.Write([]string{p}, nil); err != nil {
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
