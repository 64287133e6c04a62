package converge

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// moved is a goal in which docker-ce takes the place of docker.io, with a changed port on the way.
func moved() state.Goal {
	daemon := func(text string) state.File { return state.File{Exists: true, Content: []byte(text)} }
	goal := state.Goal{
		Want: running(), Have: running(),
		Named: []string{"docker-ce"}, Pinned: []string{"docker-ce"},
		Parting: map[string]state.File{"/etc/docker/daemon.json": daemon("parting")},
	}
	goal.Want.Packages = map[string]state.Package{"docker-ce": {Installed: true}, "docker.io": {}}
	goal.Want.Choice = state.Choice{Origin: "here"}
	goal.Want.Files["/etc/docker/daemon.json"] = daemon("new")
	goal.Want.Files["/etc/x.d/50-us.conf"] = daemon("other port")
	return goal
}

func summaries(goal state.Goal) []string {
	var all []string
	for _, s := range Diff(goal) {
		all = append(all, s.Summary())
	}
	return all
}

// Nothing stops before everything is there, and the new engine starts with what it should read.
func TestMoveOrder(t *testing.T) {
	want := []string{
		"write /etc/x.d/50-us.conf", "download docker-ce",
		"write /etc/docker/daemon.json", "reload docker.service", "stop docker.socket, docker.service",
		"write /etc/docker/daemon.json", "install docker-ce in place of docker.io",
		"start at boot: docker.service, docker.socket", "start docker.socket, docker.service", "ask the engine on its unix socket",
	}
	if got := summaries(moved()); !slices.Equal(got, want) {
		t.Errorf("steps:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	same := moved()
	same.Want.Files["/etc/docker/daemon.json"] = same.Have.Files["/etc/docker/daemon.json"]
	if got := summaries(same); !slices.Equal(got, want) {
		t.Errorf("with a daemon.json that stays, it has to come back:\n%s", strings.Join(got, "\n"))
	}
}

// Packages around an engine that stays are exchanged without stopping it.
func TestExchangeAroundAnEngineThatStays(t *testing.T) {
	goal := moved()
	goal.Parting, goal.Pinned = nil, []string{"docker.io"}
	goal.Want.Packages = map[string]state.Package{"docker.io": {Installed: true}, "plugin-b": {Installed: true}, "plugin-a": {}}
	goal.Have.Packages = map[string]state.Package{"docker.io": {Installed: true}, "plugin-a": {Installed: true}}
	goal.Want.Choice = goal.Have.Choice
	goal.Want.Files = goal.Have.Files
	want := []string{"download plugin-b", "install plugin-b in place of plugin-a", "ask the engine on its unix socket"}
	if got := summaries(goal); !slices.Equal(got, want) {
		t.Errorf("steps:\n%s", strings.Join(got, "\n"))
	}
}

// moving is a converger with that goal.
func (w *world) moving() Converger {
	goal := moved()
	w.have = goal.Have
	w.have.Files = map[string]state.File{}
	c := w.converger()
	c.Aim = func(f state.Facts) (state.Goal, error) {
		next := moved()
		next.Have = w.have
		next.Have.Units = running().Units
		next.Have.Choice = f.Ledger.Choice
		next.Want.Files = map[string]state.File{}
		if next.Want.Source = (state.Repository{File: "/r", Key: state.Key{Address: "https://k"}}); w.have.Packages["docker-ce"].Installed {
			next.Parting = nil
		}
		return next, nil
	}
	return c
}

func TestMoveIsRemembered(t *testing.T) {
	w := newWorld()
	if _, err := w.moving().Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := (state.Choice{Origin: "here"}); w.ledger.Choice != want || !slices.Equal(w.ledger.Named, []string{"docker-ce"}) {
		t.Errorf("the ledger has %+v, %q", w.ledger.Choice, w.ledger.Named)
	}
	if want := (state.Fetched{Address: "https://k", Fingerprints: []string{"F1"}}); !reflect.DeepEqual(w.ledger.Key, want) {
		t.Errorf("the ledger has the key %+v", w.ledger.Key)
	}
	if slices.Contains(w.ledger.Debs, "docker.io") || !slices.Contains(w.ledger.Debs, "docker-ce") {
		t.Errorf("packages that came with us: %q", w.ledger.Debs)
	}
}

// A move that fails in dpkg starts what it had stopped, and is not taken for done.
func TestMoveThatFails(t *testing.T) {
	w := newWorld()
	w.fail = "install docker-ce"
	_, err := w.moving().Run(t.Context())
	if fault.CodeOf(err) != fault.EngineStart || !strings.Contains(err.Error(), "cannot install docker-ce") {
		t.Errorf("error %v", err)
	}
	if last := w.did[len(w.did)-1]; last != "start docker.socket docker.service" {
		t.Errorf("did %q", w.did)
	}
	if w.ledger.Choice.Origin != state.UnknownOrigin {
		t.Errorf("the ledger has %+v", w.ledger.Choice)
	}
	w = newWorld()
	w.fail = "fetch docker-ce"
	if _, err := w.moving().Run(t.Context()); err == nil || slices.ContainsFunc(w.did, func(d string) bool { return strings.HasPrefix(d, "stop") }) {
		t.Errorf("after a download that failed: did %q, error %v", w.did, err)
	}
}

// A drop-in is read by systemd before the restart, and the socket is left alone.
func TestRestartReadsDropIns(t *testing.T) {
	w := newWorld()
	r := &run{Converger: w.converger()}
	step := RestartUnits{Stop: []string{"docker.service"}, Start: []string{"docker.service"}, Refresh: true}
	if err := step.do(context.Background(), r); err != nil || !slices.Equal(w.did, []string{"daemon-reload", "restart"}) {
		t.Errorf("did %q, error %v", w.did, err)
	}
	files := map[string]state.File{"/etc/systemd/system/docker.service.d/50-us.conf": {}}
	if !anyDropIn([]string{"docker.service"}, files) || anyDropIn([]string{"docker.socket"}, files) {
		t.Error("a drop-in that is to go has to be read as well")
	}
}
