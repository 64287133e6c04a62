package engine

import (
	"encoding/json"
	"strings"
	"testing"

	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// rotating are settings that limit the log files.
func rotating(files string) settings.Settings {
	s := remote()
	s.Docker.Daemon = map[string]json.RawMessage{"log-opts": json.RawMessage(`{"max-file":"` + files + `"}`)}
	return s
}

// edit is a person with an editor on daemon.json.
func edit(t *testing.T, facts state.Facts, old, new string) state.Facts {
	t.Helper()
	file := facts.Files[DaemonJSON]
	if !strings.Contains(string(file.Content), old) {
		t.Fatalf("no %s in %s", old, file.Content)
	}
	facts.Files[DaemonJSON] = state.File{Exists: true, Mode: file.Mode, Content: []byte(strings.Replace(string(file.Content), old, new, 1))}
	return facts
}

// A person's value stays, and is told of, until the settings say something new about it. The engine has
// to read the file once, and then there is peace.
func TestAPersonsChangeStays(t *testing.T) {
	facts := edit(t, settled(t, rotating("3"), fresh()), `"max-file": "3"`, `"max-file": "7", "max-size": "10m"`)
	for _, round := range []string{"reload docker.service\nrestart docker.service\nask the engine on its unix socket and, over TLS, on port 2376", "", ""} {
		goal, err := Running(rotating("3"), facts)
		if got := steps(t, goal, err); got != round {
			t.Fatalf("steps:\n%s\nwant:\n%s", got, round)
		}
		if len(goal.Notes) != 1 || !strings.HasPrefix(goal.Notes[0], "log-opts.max-file in /etc/docker/daemon.json was changed on the VM and stays") {
			t.Fatalf("notes %q", goal.Notes)
		}
		facts = obey(facts, goal)
	}
	goal, err := Running(rotating("4"), facts)
	if got := string(goal.Want.Files[DaemonJSON].Content); err != nil || !strings.Contains(got, `"max-file": "4"`) || !strings.Contains(got, `"max-size": "10m"`) {
		t.Errorf("after new settings: %s, %v", got, err)
	}
	if len(goal.Notes) != 1 || !strings.Contains(goal.Notes[0], "as the settings want it again") {
		t.Errorf("notes %q", goal.Notes)
	}
	facts = obey(facts, goal)
	goal, err = Running(remote(), facts)
	if got := string(goal.Want.Files[DaemonJSON].Content); err != nil || strings.Contains(got, "max-file") || !strings.Contains(got, `"max-size": "10m"`) {
		t.Errorf("after the key was dropped: %s, %v", got, err)
	}
}

// What keeps the remote API closed to strangers is no matter of opinion.
func TestTLSIsNotForAPersonToDrop(t *testing.T) {
	for _, change := range []string{`"tlsverify": false`, `"tls": false`} {
		facts := edit(t, settled(t, remote(), fresh()), `"tlsverify": true`, change)
		goal, err := Running(remote(), facts)
		if got := string(goal.Want.Files[DaemonJSON].Content); err != nil || !strings.Contains(got, `"tlsverify": true`) {
			t.Errorf("daemon.json is %s, %v", got, err)
		}
	}
}

// A run that newer settings stopped after its write must not be taken for a person.
func TestAnUnfinishedRunIsNoPerson(t *testing.T) {
	facts := settled(t, rotating("3"), fresh())
	goal, err := Running(rotating("4"), facts)
	if err != nil {
		t.Fatal(err)
	}
	facts.Files[DaemonJSON] = goal.Want.Files[DaemonJSON]
	facts.Ledger.Daemon, facts.Ledger.Pending = goal.Found, goal.Daemon
	for _, files := range []string{"3", "5"} {
		goal, err := Running(rotating(files), facts)
		if got := string(goal.Want.Files[DaemonJSON].Content); err != nil || !strings.Contains(got, `"max-file": "`+files+`"`) || len(goal.Notes) > 0 {
			t.Errorf("daemon.json is %s, notes %q, %v", got, goal.Notes, err)
		}
	}
	goal, err = Running(remote(), facts)
	if got := string(goal.Want.Files[DaemonJSON].Content); err != nil || strings.Contains(got, "log-opts") {
		t.Errorf("daemon.json is %s, %v", got, err)
	}
	goal, err = Stopped(facts)
	if got := string(goal.Want.Files[DaemonJSON].Content); err != nil || !strings.Contains(got, `"max-file": "4"`) || !strings.Contains(got, `"live-restore": false`) {
		t.Errorf("after a disable daemon.json is %s, %v", got, err)
	}
}

// A disable and an enable in between do not make a person's live-restore ours.
func TestAPersonsLiveRestoreOutlivesADisable(t *testing.T) {
	facts := edit(t, settled(t, remote(), fresh()), `"live-restore": true`, `"live-restore": false`)
	goal, err := Stopped(facts)
	if err != nil {
		t.Fatal(err)
	}
	goal, err = Running(remote(), obey(facts, goal))
	if got := string(goal.Want.Files[DaemonJSON].Content); err != nil || !strings.Contains(got, `"live-restore": false`) {
		t.Errorf("daemon.json is %s, %v", got, err)
	}
}
