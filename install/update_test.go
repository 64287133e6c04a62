package install

import (
	"testing"

	"docker-extension/internal/host"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// An update that was cut off while it wrote its marker leaves nothing behind when it is tried again.
func TestMarkerSweepsWhatACutLeft(t *testing.T) {
	root := files.New(t.TempDir())
	if err := root.Write(host.StateFolder+"/.update.json123", state.File{Exists: true, Mode: 0o600}); err != nil {
		t.Fatal(err)
	}
	marker := UpdateMarker{root}
	if err := marker.Set("1.0.0"); err != nil {
		t.Fatal(err)
	}
	entries, err := root.List(host.StateFolder)
	if err != nil || len(entries) != 1 || entries[0].Name() != "update.json" {
		t.Errorf("%v, %v", entries, err)
	}
	if names, err := marker.Names("1.0.0"); err != nil || !names {
		t.Errorf("names it: %v, %v", names, err)
	}
}
