package main

import (
	"bytes"
	"os"
	"path/filepath"
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
