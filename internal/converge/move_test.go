package converge

import (
	"context"
	"encoding/json"
	"maps"
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
		Parting: state.Parting{Path: "/etc/docker/daemon.json", File: daemon("parting"), Daemon: map[string]json.RawMessage{"live-restore": json.RawMessage("false")}},
		Check:   state.Check{Path: "/etc/docker/daemon.json", Units: []string{"docker.socket", "docker.service"}},
		Found:   map[string]json.RawMessage{"live-restore": json.RawMessage("1")},
		Daemon:  map[string]json.RawMessage{"live-restore": json.RawMessage("2")},
	}
	goal.Want.Packages = map[string]state.Package{"docker-ce": {Installed: true}, "docker.io": {}}
	goal.Want.Choice = state.Choice{Origin: "here"}
	goal.Want.Files["/etc/docker/daemon.json"] = daemon("new")
	goal.Want.Files["/etc/x.d/50-us.conf"] = daemon("other port")
	return goal
}

func summaries(goal state.Goal) []string {
	return summariesOf(Diff(goal))
}

func summariesOf(steps []Step) []string {
	var all []string
	for _, s := range steps {
		all = append(all, s.Summary())
	}
	return all
}

// Nothing stops before everything is there, and the new engine starts with what it should read.
func TestMoveOrder(t *testing.T) {
	want := []string{
		"download docker-ce",
		"write /etc/docker/daemon.json", "reload docker.service", "stop docker.socket, docker.service",
		"write /etc/docker/daemon.json", "write /etc/x.d/50-us.conf",
		"install docker-ce in place of docker.io", "ask the engine whether it takes /etc/docker/daemon.json",
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
			next.Parting = state.Parting{}
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
	if want := (state.Fetched{Address: "https://k", Fingerprints: []string{"F1"}}); !reflect.DeepEqual(w.ledger.Fetched, want) {
		t.Errorf("the ledger has the key %+v", w.ledger.Fetched)
	}
	if slices.Contains(w.ledger.Debs, "docker.io") || !slices.Contains(w.ledger.Debs, "docker-ce") {
		t.Errorf("packages that came with us: %q", w.ledger.Debs)
	}
}

// A key whose repository is no longer wanted is forgotten, and so is nothing by a run that is not about
// packages, as in disable.
func TestKeyIsForgotten(t *testing.T) {
	for _, named := range [][]string{{"docker.io"}, nil} {
		old := state.Ledger{Fetched: state.Fetched{Address: "https://k"}}
		got := settle(old, state.Goal{Named: named}).Fetched.Address
		if want := map[bool]string{true: "", false: "https://k"}[len(named) > 0]; got != want {
			t.Errorf("with the packages %q the ledger has the key %q, wanted %q", named, got, want)
		}
	}
}

// movingWithFiles is a converger with that goal, and with the files of the engine in it.
func (w *world) movingWithFiles() Converger {
	w.have = moved().Have
	c := w.converger()
	c.Aim = func(f state.Facts) (state.Goal, error) {
		goal := moved()
		goal.Have = w.have
		goal.Have.Files, goal.Have.Packages = maps.Clone(w.have.Files), maps.Clone(w.have.Packages)
		goal.Have.Units, goal.Have.Choice = running().Units, f.Ledger.Choice
		if w.have.Packages["docker-ce"].Installed {
			goal.Parting = state.Parting{}
		}
		return goal, nil
	}
	return c
}

// A download that fails leaves the old engine alone, and is not taken for done.
func TestMoveThatCannotBegin(t *testing.T) {
	w := newWorld()
	w.fail = "fetch docker-ce"
	_, err := w.moving().Run(t.Context())
	if err == nil || !slices.Equal(w.did, []string{"add /r", "fetch docker-ce"}) {
		t.Errorf("did %q, error %v", w.did, err)
	}
	if w.ledger.Choice.Origin != state.UnknownOrigin {
		t.Errorf("the ledger has %+v", w.ledger.Choice)
	}
}

// What stops for a move starts again, whatever goes wrong, with the files from before; and nobody takes
// their content for a person's doing.
func TestMoveThatFails(t *testing.T) {
	parted := []string{"fetch docker-ce", "write /etc/docker/daemon.json", "reload", "stop docker.socket docker.service", "write /etc/docker/daemon.json", "write /etc/x.d/50-us.conf"}
	installed := append(slices.Clone(parted), "hold back docker.socket docker.service", "install docker-ce", "release docker.socket docker.service")
	undone := []string{
		"write /etc/docker/daemon.json", "write /etc/x.d/50-us.conf",
		"daemon-reload", "stop docker.socket docker.service", "start docker.socket docker.service",
	}
	for name, c := range map[string]struct {
		fail string
		did  []string
		says string
	}{
		"a full disk":            {"write /etc/x.d/50-us.conf", parted, "and it runs again"},
		"dpkg":                   {"install docker-ce", installed, "and it runs again"},
		"the new engine refuses": {"approve of /etc/docker/daemon.json", append(slices.Clone(installed), "approve of /etc/docker/daemon.json"), "and it runs again"},
	} {
		w := newWorld()
		w.fail = c.fail
		converger := w.movingWithFiles()
		_, err := converger.Run(t.Context())
		want := slices.Concat(c.did, undone)
		if c.fail == "write /etc/x.d/50-us.conf" {
			want = slices.Concat(c.did, undone[:1], undone[2:]) // that one was not written
		}
		if err == nil || !strings.Contains(err.Error(), c.says) || !slices.Equal(w.did, want) {
			t.Errorf("%s: error %v, did\n%q, want\n%q", name, err, w.did, want)
		}
		if got := w.have.Files["/etc/docker/daemon.json"]; !got.Equal(moved().Have.Files["/etc/docker/daemon.json"]) {
			t.Errorf("%s: daemon.json is %s", name, got.Content)
		}
		if on, next := w.ledger.Daemon["live-restore"], w.ledger.Pending["live-restore"]; string(on) != "1" || string(next) != "2" {
			t.Errorf("%s: the ledger has %s, then %s", name, on, next)
		}
	}
}

// A new engine that does not start with the files from before either: the way back is told.
func TestMoveToAnEngineThatDoesNotStart(t *testing.T) {
	w := newWorld()
	converger := w.movingWithFiles()
	converger.Units = dead{w}
	_, err := converger.Run(t.Context())
	const want = "with them it does not start either; the settings from before bring back docker.io and all containers"
	if fault.CodeOf(err) != fault.EngineStart || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error %v", err)
	}
}

// dead are units that nobody can start.
type dead struct{ *world }

func (dead) Start(context.Context, ...string) error {
	return fault.New(fault.EngineStart, "", "look", "cannot start")
}

// Before each writing the ledger knows what the file says and what it will say.
func TestMoveIsNoPersonsDoing(t *testing.T) {
	w := newWorld()
	converger := w.movingWithFiles()
	var seen []string
	converger.Files = watched{w, func(p string) {
		if p == "/etc/docker/daemon.json" {
			seen = append(seen, string(w.ledger.Daemon["live-restore"])+" "+string(w.ledger.Pending["live-restore"]))
		}
	}}
	if _, err := converger.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"1 false", "false 2"}; !slices.Equal(seen, want) {
		t.Errorf("at the writings the ledger had %q, want %q", seen, want)
	}
}

// watched tells before a file is written.
type watched struct {
	*world
	tell func(path string)
}

func (w watched) Write(paths []string, files map[string]state.File) error {
	for _, p := range paths {
		w.tell(p)
	}
	return w.world.Write(paths, files)
}

// A fetched key is remembered where the settings do not say which one it has to be.
func TestWhichKeyIsRemembered(t *testing.T) {
	for key, want := range map[state.Key]string{
		{Address: "https://k"}:                    "https://k",
		{Address: "https://k", Fingerprint: "F1"}: "",
		{Text: "-----BEGIN"}:                      "",
	} {
		w := newWorld()
		r := &run{Converger: w.converger()}
		r.ledger.Fetched.Address = "https://before"
		if err := (AddRepository{Repository: state.Repository{Key: key}}).do(t.Context(), r); err != nil || w.ledger.Fetched.Address != want {
			t.Errorf("%+v: %+v, error %v", key, w.ledger.Fetched, err)
		}
	}
}
