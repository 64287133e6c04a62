package files

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/internal/state"
)

// operations are all that change something at p, and Read, which judges what is ours.
func operations(r Root, p string) map[string]func() error {
	file := state.File{Exists: true, Mode: 0o600, Content: []byte("new")}
	return map[string]func() error{
		"write":   func() error { return r.Write(p, file) },
		"copy":    func() error { return r.Copy("/source", p, 0o600) },
		"publish": func() error { return r.Publish(p, file, filepath.Dir(p)) },
		"append": func() error {
			f, err := r.OpenAppend(p, 0o600)
			if err == nil {
				f.Close()
			}
			return err
		},
		"rename to":       func() error { return r.Rename("/source", p) },
		"rename from":     func() error { return r.Rename(p, "/target") },
		"make directory":  func() error { return r.MakeDir(p+"/new", 0o700) },
		"remove":          func() error { return r.Remove(p) },
		"remove if empty": func() error { return r.RemoveIfEmpty(p) },
		"remove tree":     func() error { return r.RemoveTree(p) },
		"lock": func() error {
			unlock, err := r.Lock(context.Background(), p)
			if err == nil {
				unlock()
			}
			return err
		},
		"read": func() error {
			_, err := r.Read(p)
			return err
		},
	}
}

// On the way to a file of ours nobody but root may have a say, whatever is to be done with it.
func TestWay(t *testing.T) {
	tests := []struct {
		name, p string
		prepare func(t *testing.T, dir string)
		says    string
	}{
		{"a link", "/etc/docker/x", func(t *testing.T, dir string) { link(t, dir, "etc/docker") }, "the directory /etc/docker is a symbolic link"},
		{"a link further up", "/var/lib/docker-extension/bin/x", func(t *testing.T, dir string) { link(t, dir, "var/lib/docker-extension") }, "the directory /var/lib/docker-extension is a symbolic link"},
		{"everybody may write", "/etc/docker/x", func(t *testing.T, dir string) { folder(t, dir, "etc/docker", 0o777) }, "the directory /etc/docker is writable by everybody"},
		{"another's", "/etc/docker/x", func(t *testing.T, dir string) {
			if os.Geteuid() != 0 {
				t.Skip("only root can give a directory away")
			}
			folder(t, dir, "etc/docker", 0o755)
			if err := os.Chown(filepath.Join(dir, "etc/docker"), 12345, 0); err != nil {
				t.Fatal(err)
			}
		}, "the directory /etc/docker does not belong to root"},
	}
	for _, test := range tests {
		for name := range operations(Root{}, "") {
			t.Run(test.name+"/"+name, func(t *testing.T) {
				dir := t.TempDir()
				r := New(dir)
				if err := os.WriteFile(filepath.Join(dir, "source"), []byte("source"), 0o600); err != nil {
					t.Fatal(err)
				}
				test.prepare(t, dir)
				err := operations(r, test.p)[name]()
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("error %v, want %q", err, test.says)
				}
			})
		}
	}
}

// What root may have done is no fault: system folders on another disk, a folder in which everybody has
// files of their own, one for a group, and links where the agent's folders are.
func TestWayThatIsFine(t *testing.T) {
	dir := t.TempDir()
	link(t, dir, "var/log")
	folder(t, dir, "tmp", 0o777|os.ModeSticky)
	folder(t, dir, "srv/group", 0o775)
	link(t, dir, "var/lib/waagent")
	file := state.File{Exists: true, Mode: 0o600}
	for p, r := range map[string]Root{
		"/var/log/a/x": New(dir), "/tmp/x": New(dir), "/srv/group/x": New(dir), "/var/lib/waagent/x": New(dir).Following(),
	} {
		if err := r.Write(p, file); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// To write at the end of a file writes to all of its names.
func TestAppendToAFileWithTwoNames(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(other, filepath.Join(dir, "log")); err != nil {
		t.Fatal(err)
	}
	if _, err := New(dir).OpenAppend("/log", 0o600); err == nil || !strings.Contains(err.Error(), "hard link") {
		t.Errorf("error %v", err)
	}
}

// link makes a directory somewhere else and a link to it at p.
func link(t *testing.T, dir, p string) {
	t.Helper()
	folder(t, dir, "elsewhere/"+p, 0o755)
	folder(t, dir, filepath.Dir(p), 0o755)
	if err := os.Symlink(filepath.Join(dir, "elsewhere", p), filepath.Join(dir, p)); err != nil {
		t.Fatal(err)
	}
}

func folder(t *testing.T, dir, p string, mode os.FileMode) {
	t.Helper()
	full := filepath.Join(dir, p)
	if err := os.MkdirAll(full, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(full, mode); err != nil {
		t.Fatal(err)
	}
}
