package oplog

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"docker-extension/internal/host/files"
)

// logs is a log folder.
type logs struct{ dir string }

func (l logs) open(t *testing.T) io.WriteCloser {
	t.Helper()
	file, err := OpenFile(files.New(l.dir), "/var/log/x")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func (l logs) content(suffix string) string {
	b, _ := os.ReadFile(filepath.Join(l.dir, "var/log/x", FileName+suffix))
	return string(b)
}

func TestOpenFile(t *testing.T) {
	l := logs{t.TempDir()}
	for _, line := range []string{"a\n", "b\n"} {
		file := l.open(t)
		fmt.Fprint(file, line)
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if l.content("") != "a\nb\n" || l.content(OldSuffix) != "" {
		t.Fatalf("the log is %q, the old one %q", l.content(""), l.content(OldSuffix))
	}
	if info, _ := os.Stat(filepath.Join(l.dir, "var/log/x", FileName)); info.Mode().Perm() != 0o600 {
		t.Errorf("the log has mode %v", info.Mode())
	}
}

// One run that never stops talking, and another beside it, keep two files of a bounded size, with the
// last words of both, each line whole.
func TestFileIsBounded(t *testing.T) {
	l := logs{t.TempDir()}
	line := strings.Repeat("x", 1<<10-1) + "\n"
	var all sync.WaitGroup
	for range 2 {
		file := l.open(t)
		all.Go(func() {
			for range 3 * MaxFileSize / len(line) {
				fmt.Fprint(file, line)
			}
			fmt.Fprint(file, "the end\n")
		})
	}
	all.Wait()
	entries, err := os.ReadDir(filepath.Join(l.dir, "var/log/x"))
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d files, error %v", len(entries), err)
	}
	both := l.content(OldSuffix) + l.content("")
	if len(both) > 2*MaxFileSize+2*len(line) || strings.Count(both, "the end\n") != 2 {
		t.Errorf("%d bytes, %d ends", len(both), strings.Count(both, "the end\n"))
	}
	for text := range bytes.Lines([]byte(both)) {
		if string(text) != line && string(text) != "the end\n" {
			t.Fatalf("a line of %d bytes", len(text))
		}
	}
}

// A log that cannot be put aside goes on.
func TestFileThatCannotBePutAside(t *testing.T) {
	l := logs{t.TempDir()}
	if err := os.MkdirAll(filepath.Join(l.dir, "var/log/x", FileName+OldSuffix), 0o755); err != nil {
		t.Fatal(err)
	}
	file := l.open(t)
	for _, text := range []string{strings.Repeat("x", MaxFileSize), "more"} {
		if _, err := io.WriteString(file, text); err != nil {
			t.Error(err)
		}
	}
	if got := l.content(""); len(got) != MaxFileSize+4 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestOpenFileThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(files.New(dir), "/file/folder"); err == nil {
		t.Error("a log below a file should be an error")
	}
}
