package disable

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"docker-extension/handler"
	"docker-extension/internal/host/files"
)

// Which version takes over is told by its state, by its settings, and by when they were written; and where our
// own were written before the clock was put back, by nothing but that there are some.
func TestIncomingVersion(t *testing.T) {
	for name, c := range map[string]struct {
		state, settings string        // of the other version
		ours, theirs    time.Duration // when the settings were written, from now
		want            string
	}{
		"an update":                     {"NotInstalled", "7.settings", -time.Hour, -time.Second, "1.1.0"},
		"written together":              {"NotInstalled", "7.settings", -time.Hour, -time.Hour, "1.1.0"},
		"an update that is tried again": {"FailedUpgrade", "7.settings", -time.Hour, -time.Second, "1.1.0"},
		"left by one that failed":       {"FailedUpgrade", "7.settings", -time.Hour, -2 * time.Hour, ""},
		"left by other settings":        {"NotInstalled", "6.settings", -time.Hour, -time.Second, ""},
		"one that is installed":         {"Installed", "7.settings", -time.Hour, -time.Second, ""},
		"the clock was put back":        {"NotInstalled", "7.settings", time.Hour, -time.Second, "1.1.0"},
		"put back, other settings":      {"NotInstalled", "6.settings", time.Hour, -time.Second, ""},
		"put back, one installed":       {"Enabled", "7.settings", time.Hour, -time.Second, ""},
	} {
		dir := t.TempDir()
		now := time.Now()
		write(t, filepath.Join(dir, "X-1.0.0/config/7.settings"), "{}", now.Add(c.ours))
		write(t, filepath.Join(dir, "X-1.1.0/config", c.settings), "{}", now.Add(c.theirs))
		write(t, filepath.Join(dir, "X-1.1.0/config/HandlerState"), c.state+"\n", now)
		call := &handler.Call{
			Sequence: 7, Version: "1.0.0", HandlerDir: "/X-1.0.0",
			Environment: handler.Environment{ConfigFolder: "/X-1.0.0/config"},
		}
		if got, err := incomingVersion(files.New(dir), call); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func write(t *testing.T, path, content string, at time.Time) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, at); err != nil {
		t.Fatal(err)
	}
}
