package trace

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// folderVariable says to this test's own binary that it is the process which is followed, and where.
const folderVariable = "TRACE_TEST_FOLDER"

// TestHelper is what the followed process does.
func TestHelper(t *testing.T) {
	folder := os.Getenv(folderVariable)
	if folder == "" {
		t.Skip("is the process that the other tests follow")
	}
	in := func(name string) string { return filepath.Join(folder, name) }
	server, err := net.Listen("unix", in("socket"))
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("unix", in("socket"))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.WriteFile(in(".file123456789"), []byte("POST /not/to/a/socket"), 0o600),
		os.Rename(in(".file123456789"), in("file")),
		os.WriteFile(in("file"), nil, 0o600), // it exists: nothing that a crash could leave half done
		os.Mkdir(in("folder"), 0o700),
		os.Remove(in("absent")),
		os.Symlink("file", in("link")),
		exec.Command("/bin/sh", "-c", "mv "+in("file")+" "+in("other")+"; : >/tmp/"+filepath.Base(folder)).Run(),
		os.RemoveAll(in("folder")),
	} {
		t.Log(err)
	}
	_, err = client.Write([]byte("POST /containers/create?name=x HTTP/1.1\r\n"))
	t.Log(err, server.Close())
}

// follow starts the helper and follows it. at is called at each effect of interest.
func follow(t *testing.T, ctx context.Context, at func(Effect, *os.Process)) (folder string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "effects")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove("/tmp/effects") })
	child := exec.Command("/bin/sh", "-c", `kill -STOP $$; exec "$0" -test.run='^TestHelper$'`, os.Args[0])
	child.Env = append(os.Environ(), folderVariable+"="+folder)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Wait() }() // after it was followed to its end
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(child.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("the helper has not stopped: %v, %v", status, err)
	}
	err := Follow(ctx, child.Process.Pid, func(e Effect) {
		if filepath.Dir(e.Path) == folder || e.Path == "" {
			at(e, child.Process)
		}
	})
	if err != nil && ctx.Err() == nil {
		_ = child.Process.Kill()
		t.Fatal(err)
	}
	return folder
}

func TestFollow(t *testing.T) {
	var got []string
	folder := follow(t, t.Context(), func(e Effect, _ *os.Process) { got = append(got, e.String()) })
	want := []string{"create .fileN", "rename file", "mkdir folder", "link link", "start sh", "start mv",
		// What mv does here in the folder of temporary files is left out: it is the child's affair.
		"remove folder", "ask POST /containers/create", "remove socket"}
	if !slices.Equal(got, want) {
		t.Errorf("the effects\n\t%q, wanted\n\t%q", got, want)
	}
	if _, err := os.Stat(filepath.Join(folder, "other")); err != nil {
		t.Error(err)
	}
}

// A process that is killed at an effect has not had it, and has had all before.
func TestKilledBefore(t *testing.T) {
	folder := follow(t, t.Context(), func(e Effect, p *os.Process) {
		if e.String() == "rename file" {
			_ = p.Kill()
		}
	})
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 2 || entries[0].Name() != ".file123456789" {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// At the end of its context everything ends.
func TestFollowEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	follow(t, ctx, func(Effect, *os.Process) { cancel() })
	if ctx.Err() != context.Canceled {
		t.Error(ctx.Err())
	}
}
