package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The pages in the tree are what the sources say.
func TestPages(t *testing.T) {
	all, err := pages("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 8 {
		t.Errorf("only %d pages", len(all))
	}
	for name, page := range all {
		if got, err := os.ReadFile(filepath.Join("../..", name)); err != nil || !bytes.Equal(got, page) {
			t.Errorf("%s is not what the sources say (%v): run `make docs`", name, err)
		}
	}
	there, err := filepath.Glob("../../docs/man/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range there {
		if all["docs/man/"+filepath.Base(name)] == nil {
			t.Errorf("%s is about no command", name)
		}
	}
}

// The manual pages are such that the reader of man pages has nothing to say.
func TestManualPages(t *testing.T) {
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Skip("no mandoc on this host")
	}
	pages, err := filepath.Glob("../../docs/man/*.1")
	if err != nil || len(pages) < 8 {
		t.Fatalf("%d pages, error %v", len(pages), err)
	}
	for _, page := range pages {
		// It ends with an error for each warning, also for that of a page without a date.
		output, _ := exec.Command("mandoc", "-T", "lint", "-W", "warning", page).CombinedOutput()
		for line := range strings.Lines(string(output)) {
			if !strings.Contains(line, "missing date") {
				t.Error(line)
			}
		}
	}
}
