package handler

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"docker-extension/internal/host/files"
)

// Of all files only the protected settings of earlier ones go; no file changes its time, by which the
// agent tells the newest.
func TestWipeEarlier(t *testing.T) {
	const sealed = `{"runtimeSettings": [{"handlerSettings": {"publicSettings": {"a": 1}, "protectedSettings": "MIIB\/secret==", "protectedSettingsCertThumbprint": "AB"}}]}`
	const open = `{"runtimeSettings": [{"handlerSettings": {"publicSettings": {"a": 1}, "protectedSettings": null, "protectedSettingsCertThumbprint": null}}]}`
	const wiped = `{"runtimeSettings":[{"handlerSettings":{"protectedSettings":null,"protectedSettingsCertThumbprint":"AB","publicSettings":{"a":1}}}]}` + "\n"
	tests := []struct {
		name, content string
		age           time.Duration // before the current file
		want          string
	}{
		{"3.settings", sealed, 0, sealed},            // the current one
		{"2.settings", sealed, time.Hour, wiped},     // the one before
		{"9.settings", sealed, 2 * time.Hour, wiped}, // numbers went backwards
		{"4.settings", sealed, -time.Second, sealed}, // the agent has written it, and will call for it
		{"7.settings", sealed, -time.Hour, sealed},   // or so
		{"1.settings", sealed, -time.Hour, wiped},    // written before the clock was put back
		{"5.settings", sealed, 0, sealed},            // nobody can tell
		{"8.settings", open, time.Hour, open},        // nothing to hide
		{"0.settings", "", time.Hour, ""},            // there were none
		{"6.settings", `{"runtimeSettings": [{"handlerSettings": {"protectedSettings": "x`, time.Hour, `{"runtimeSettings": [{"handlerSettings": {"protectedSettings": "x`},
		{"HandlerState", "Enabled", time.Hour, "Enabled"},
		{"other.2.settings", sealed, time.Hour, sealed}, // of a handler with several configurations
	}
	dir := t.TempDir()
	now := time.Now().Truncate(time.Second)
	for _, test := range tests {
		path := filepath.Join(dir, test.name)
		if err := os.WriteFile(path, []byte(test.content), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, now.Add(-test.age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := WipeEarlier(files.New(dir), "/", 3); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		content, err := os.ReadFile(filepath.Join(dir, test.name))
		if err != nil || string(content) != test.want {
			t.Errorf("%s: %s, %v", test.name, content, err)
		}
		info, err := os.Stat(filepath.Join(dir, test.name))
		if err != nil || !info.ModTime().Equal(now.Add(-test.age)) || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v %v, %v", test.name, info.ModTime(), info.Mode(), err)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != len(tests) {
		t.Errorf("%d files", len(entries))
	}
}

// Where the current file was written before the clock was put back, a later one looks older than it.
func TestWipeWithACurrentFileFromTheFuture(t *testing.T) {
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"2.settings": 0, "3.settings": -time.Hour, "4.settings": time.Second} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(`{"runtimeSettings": [{"handlerSettings": {"protectedSettings": "MIIB"}}]}`), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if err := WipeEarlier(files.New(dir), "/", 3); err != nil {
		t.Fatal(err)
	}
	for name, stays := range map[string]bool{"2.settings": false, "3.settings": true, "4.settings": true} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || strings.Contains(string(content), "MIIB") != stays {
			t.Errorf("%s: %s, %v", name, content, err)
		}
	}
}

// Without the current file nobody knows what is earlier.
func TestWipeNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "2.settings"), []byte(`{"runtimeSettings": [{"handlerSettings": {"protectedSettings": "MIIB"}}]}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WipeEarlier(files.New(dir), "/", 3); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(filepath.Join(dir, "2.settings")); !strings.Contains(string(content), "MIIB") {
		t.Error("wiped")
	}
	if err := WipeEarlier(files.New(dir), "/gone", 3); err != nil {
		t.Error(err)
	}
}
