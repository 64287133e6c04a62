package handler

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"docker-extension/internal/host/files"
)

func newEvents(t *testing.T) (Events, files.Root) {
	t.Helper()
	root := files.New(t.TempDir())
	must(t, root.MakeDir("/log/events", 0o700))
	return Events{Root: root, Folder: "/log/events", Version: "1.2.3", Operation: NewOperationID(), Now: clock}, root
}

func TestEventsAreWhatTheAgentTakes(t *testing.T) {
	events, root := newEvents(t)
	for _, message := range []string{"all is well", "", strings.Repeat("\"\xff", 9000)} {
		must(t, events.Write(Error, "enable", message))
		must(t, events.Write(Success, strings.Repeat("x", 9000), message))
	}
	entries, err := root.List("/log/events")
	must(t, err)
	if len(entries) != 6 {
		t.Errorf("there are %d events, want 6", len(entries))
	}
	for _, entry := range entries {
		if !regexp.MustCompile(`^\d+\.json$`).MatchString(entry.Name()) {
			t.Errorf("the agent passes over the name %q", entry.Name())
		}
		file, err := root.Read(filepath.Join("/log/events", entry.Name()))
		must(t, err)
		if err := agentTakes(file.Content); err != nil {
			t.Errorf("the agent drops %s: %v", file.Content, err)
		}
	}
	if entries, _ := root.List("/log"); len(entries) != 1 {
		t.Errorf("temporary files stay: %v", entries)
	}
}

func TestEventsWithoutAFolder(t *testing.T) {
	events, root := newEvents(t)
	for _, folder := range []string{"", "/none/events"} {
		events.Folder = folder
		must(t, events.Write(Success, "enable", "x"))
	}
	if root.Exists("/none") {
		t.Error("the folder was made")
	}
}

func TestEventsStopWhenNobodyTakesThem(t *testing.T) {
	events, root := newEvents(t)
	for i := range eventsMax {
		put(t, root, fmt.Sprintf("/log/events/%d.json", i), "{}")
	}
	must(t, events.Write(Success, "enable", "one too many"))
	if entries, _ := root.List("/log/events"); len(entries) != eventsMax {
		t.Errorf("there are %d events", len(entries))
	}
}

func TestEventsOfOneMoment(t *testing.T) {
	events, root := newEvents(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := events.Write(Success, "enable", "x"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if entries, _ := root.List("/log/events"); len(entries) < 3 { // one clash in 65,536 is allowed
		t.Errorf("there are %d events, want 4", len(entries))
	}
}
