//go:build long

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/test/vm"
)

// The bench runs through, and has a figure for every aim. How large it is nobody asks here: this machine may
// be busy.
func TestBench(t *testing.T) {
	zip := os.Getenv("DOCKER_EXTENSION_PACKAGE")
	if zip == "" || os.Getuid() != 0 {
		t.Skip("needs root, and DOCKER_EXTENSION_PACKAGE: run `make test-long`")
	}
	out := t.TempDir()
	o := options{zip: zip, out: out, suites: vm.Suites(), rounds: 1, parts: "cold,changes,growth"}
	if err := run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile(filepath.Join(out, tableFile))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if strings.HasPrefix(line, "| cold") && strings.Contains(line, "| 0 |") {
			t.Errorf("nothing was measured: %s", line)
		}
	}
	for _, scenario := range []string{cold + ": " + bare, coldCompose + ": " + byHand, changeLabel, changeCert, changePort, changeService, floorRestart, nothing, start, launched, floorStart, nothing + ", 500 services", "plan, 500 services"} {
		if strings.Count(string(table), "\n| "+scenario+" |") != len(vm.Suites()) {
			t.Errorf("the table lacks %q", scenario)
		}
	}
}
