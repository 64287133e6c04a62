package engine

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/state"
)

func TestGoneGivesBackWhatWasThere(t *testing.T) {
	before := inhabited()
	s := remote()
	s.Docker.Daemon = map[string]json.RawMessage{"live-restore": json.RawMessage("true"), "debug": json.RawMessage("true")}
	facts := settled(t, s, before)
	for _, u := range Units() {
		loaded := facts.Ledger.Units[u]
		loaded.FoundActive, loaded.FoundEnabled = true, true
		facts.Ledger.Units[u] = loaded
	}
	goal, err := Gone(facts, true)
	if err != nil {
		t.Fatal(err)
	}
	after := obey(facts, goal)
	if got, want := after.Files[DaemonJSON], before.Files[DaemonJSON]; !got.Equal(want) {
		t.Errorf("daemon.json is %s, mode %o; before us it was %s", got.Content, got.Mode, want.Content)
	}
	if after.Files[KeyFile].Exists || after.Files[SocketDropIn].Exists {
		t.Errorf("files are %+v", after.Files)
	}
	if !after.Packages["docker-ce"].Installed || !after.Units[Service].Active || len(goal.Want.Purged) != 0 {
		t.Error("an engine that was there before us must stay, with its data")
	}
}

// What a person has changed in daemon.json since stays, in our way of writing it.
func TestGoneKeepsWhatWasChangedSince(t *testing.T) {
	facts := settled(t, remote(), inhabited())
	changed := facts.Files[DaemonJSON]
	changed.Content = []byte(strings.Replace(string(changed.Content), "10.9.0.1/24", "10.8.0.1/24", 1))
	facts.Files[DaemonJSON] = changed
	goal, err := Gone(facts, false)
	if err != nil {
		t.Fatal(err)
	}
	const want = "{\n  \"bip\": \"10.8.0.1/24\",\n  \"live-restore\": false\n}\n"
	if got := goal.Want.Files[DaemonJSON]; string(got.Content) != want || got.Mode != 0o640 {
		t.Errorf("daemon.json is %q, mode %o", got.Content, got.Mode)
	}
}

// A daemon.json without a key in it is a person's file all the same.
func TestGoneGivesBackAnEmptyFile(t *testing.T) {
	before := fresh()
	before.Files[DaemonJSON] = state.File{Exists: true, Mode: 0o600, Content: []byte("{ }")}
	goal, err := Gone(settled(t, plain(), before), false)
	if got, want := goal.Want.Files[DaemonJSON], before.Files[DaemonJSON]; err != nil || !got.Equal(want) {
		t.Errorf("daemon.json is %q, mode %o, exists %v, error %v", got.Content, got.Mode, got.Exists, err)
	}
}

func TestGoneTakesOursAway(t *testing.T) {
	facts := settled(t, remote(), fresh())
	for _, u := range Units() {
		facts.Units[u] = state.UnitFacts{Exists: true} // disabled and stopped before
	}
	facts.Folders = map[string]bool{dockerData: true}
	for _, purge := range []bool{false, true} {
		goal, err := Gone(facts, purge)
		got := steps(t, goal, err)
		for _, part := range []string{"remove /etc/docker/ca.pem", "remove /etc/docker/daemon.json", "take azureuser out", "\nstart at boot: docker.service, docker.socket\nremove docker-cli, docker.io"} {
			if !strings.Contains(got, part) {
				t.Errorf("purge %v: %q is not in:\n%s", purge, part, got)
			}
		}
		if strings.Contains(got, "delete /var/lib/docker") != purge {
			t.Errorf("purge %v:\n%s", purge, got)
		}
	}
}

// What came with us goes at the end, and what came along goes with the last that needs it, unless somebody on
// this host wants it by now: has installed it by name, or holds it. The mark of what we asked for is our own.
func TestWhoWantsAPackage(t *testing.T) {
	tests := map[string]struct {
		change func(*state.Facts)
		stays  string
	}{
		"nobody": {func(*state.Facts) {}, ""},
		"a dependency that was marked since": {func(f *state.Facts) {
			f.Packages["runc"] = state.Package{Installed: true}
		}, "runc"},
		"a dependency that we have asked for since, or were about to remove": {func(f *state.Facts) {
			f.Packages["runc"] = state.Package{Installed: true}
			f.Ledger.Asked = append(f.Ledger.Asked, "runc")
		}, ""},
		"one that is held": {func(f *state.Facts) {
			f.Packages["docker-compose"] = state.Package{Installed: true, Held: true}
		}, "docker-compose"},
		"one that we hold": {func(f *state.Facts) {
			f.Packages["docker-compose"] = state.Package{Installed: true, Held: true}
			f.Ledger.Held = []string{"docker-compose"}
		}, ""},
		"a ledger of before apt's marks were looked at": {func(f *state.Facts) { f.Ledger.Asked = nil }, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			facts := settled(t, blog(t), fresh())
			facts.Ledger.Debs = append(facts.Ledger.Debs, "runc")
			facts.Ledger.Asked = []string{"docker-cli", "docker-compose", "docker.io"}
			facts.Ledger.Named = facts.Ledger.Asked
			facts.Packages["runc"] = state.Package{Installed: true, Automatic: true}
			test.change(&facts)
			gone, err := Gone(facts, false)
			if err != nil {
				t.Fatal(err)
			}
			dropped, err := Running(plain(), facts)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range []string{"docker.io", "docker-compose", "runc"} {
				if _, goes := gone.Want.Packages[p]; goes == (p == test.stays) {
					t.Errorf("uninstall: %s goes: %v", p, goes)
				}
			}
			if _, goes := dropped.Want.Packages["docker-compose"]; goes == (test.stays == "docker-compose") {
				t.Errorf("compose dropped: it goes: %v", goes)
			}
			if along := slices.Contains(dropped.Along, "runc"); along == (test.stays == "runc") {
				t.Errorf("compose dropped: runc goes along: %v", along)
			}
		})
	}
}
