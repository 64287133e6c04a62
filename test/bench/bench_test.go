package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		all  []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(test.all); got != test.want {
			t.Errorf("median of %v: %v, want %v", test.all, got, test.want)
		}
	}
}

func TestKindOf(t *testing.T) {
	for line, want := range map[string]string{
		`1 clone(child_stack=0x1, flags=CLONE_VM|CLONE_THREAD|CLONE_SETTLS, tls=0x2) = 7`:   "",
		`1 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x1) = 8`: "children",
		`1 vfork( <unfinished ...>`:  "children",
		`1 fsync(3) = 0`:             "flushes",
		`1 <... fsync resumed>) = 0`: "",
		`1 connect(9, {sa_family=AF_UNIX, sun_path="/run/dbus/system_bus_socket"}, 30) = 0`: "dbus",
		`1 connect(9, {sa_family=AF_UNIX, sun_path="/run/docker.sock"}, 19) = 0`:            "",
		`1 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=8} ---`:                "",
	} {
		if got := kindOf(line); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// A figure that misses its aim is marked, and one that keeps it is not.
func TestTableTellsWhatIsMissed(t *testing.T) {
	r := &results{Rounds: 1}
	for _, s := range []struct {
		variant string
		ms      float64
	}{{ours, 6000}, {byHand, 8000}, {bare, 5000}, {defaults, 13000}} {
		r.add("trixie", cold, s.variant, map[string]float64{"wall_ms": s.ms})
	}
	table := r.table()
	for _, want := range []string{
		"| cold, against by hand | 0.9 | 0.75 |", "| cold, against bare apt that configures nothing | 1 | 1.2 (missed) |", "| cold: by hand | 8.00 |",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
}

func TestUpdatePage(t *testing.T) {
	dir := t.TempDir()
	page, table := filepath.Join(dir, "page.md"), filepath.Join(dir, "table.md")
	write := func(file, text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(table, "new\n")
	write(page, "before\n"+pageBegin+"old\n"+pageEnd+"after\n")
	for range 2 {
		if err := updatePage(page, table); err != nil {
			t.Fatal(err)
		}
	}
	if text, _ := os.ReadFile(page); string(text) != "before\n"+pageBegin+"\nnew\n\n"+pageEnd+"after\n" {
		t.Errorf("the page is %q", text)
	}
	write(page, "no marks")
	if err := updatePage(page, table); err == nil {
		t.Error("a page without marks was taken")
	}
}

// The mirror asks the real archive once for each file, and names it to apt by a number.
func TestMirrorAsksOnce(t *testing.T) {
	asked := 0
	archive := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path != "/debian/dists/x/InRelease" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("content"))
	}))
	defer archive.Close()
	m := &mirror{folder: t.TempDir()}
	sources := "Types: deb\nURIs: " + archive.URL + "/debian/\nSuites: x\n"
	for range 2 {
		if got := m.sources(sources, "10.0.0.1:80"); got != "Types: deb\nURIs: http://10.0.0.1:80/archive/0\nSuites: x\n" {
			t.Errorf("sources are %q", got)
		}
	}
	for path, want := range map[string]int{"/archive/0/dists/x/InRelease": 200, "/archive/0/dists/x/none": 404, "/archive/7/dists/x/InRelease": 404} {
		for range 2 {
			answer := httptest.NewRecorder()
			m.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
			if answer.Code != want || (want == 200 && answer.Body.String() != "content") {
				t.Errorf("%s: %d %q", path, answer.Code, answer.Body)
			}
		}
	}
	if asked != 3 { // the file once, and twice for the one that is not there
		t.Errorf("the archive was asked %d times", asked)
	}
}

func TestRegistryServesItsImage(t *testing.T) {
	var layer bytes.Buffer
	archive := tar.NewWriter(&layer)
	if err := archive.WriteHeader(&tar.Header{Name: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	i := &image{}
	if err := i.load(layer.Bytes()); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/v2/": 200, "/v2/busybox/manifests/latest": 200, "/v2/busybox/blobs/" + name(layer.Bytes()): 200,
		"/v2/busybox/blobs/" + name(i.config): 200, "/v2/busybox/blobs/sha256:00": 404,
	} {
		answer := httptest.NewRecorder()
		i.serve(answer, httptest.NewRequest(http.MethodGet, path, nil))
		if answer.Code != want {
			t.Errorf("%s: %d, want %d", path, answer.Code, want)
		}
	}
}

// The lines of a run tell where its time went; what has not begun took no time of its own.
func TestSplit(t *testing.T) {
	lines := []line{
		{10, "== update"}, {20, "Get:1 ..."}, {1500, "== install"}, {2000, "Need to get 65.1 MB of archives."}, {2500, "Selecting previously unselected package runc."},
		{2600, "Preparing to unpack .../runc.deb ..."}, {4000, "Setting up runc ..."}, {4100, "Setting up docker.io ..."}, {5000, "== engine"},
	}
	values := map[string]float64{}
	split(values, lines, 5700)
	want := map[string]float64{
		"phase before apt_ms": 10, "phase package lists_ms": 1490, "phase apt reads and decides_ms": 500, "phase download_ms": 500,
		"phase unpack_ms": 1500, "phase set up_ms": 1000, "phase until the engine answers_ms": 700,
	}
	if !maps.Equal(values, want) {
		t.Errorf("phases are %v, want %v", values, want)
	}
}

// The extension's own log has what is needed for the same phases.
func TestOwnLines(t *testing.T) {
	log := `time="2026-11-24T10:00:00.000Z" level=info msg="done: version 0.1.0 is installed" op=install seq=0
time="2026-11-24T10:00:01.000Z" level=info msg=started op=enable seq=1
time="2026-11-24T10:00:01.010Z" level=info msg="command started" args="apt-get -q -o APT::Update::Error-Mode=any update" command=apt-get op=converge seq=1
time="2026-11-24T10:00:02.000Z" level=info msg="command started" args="apt-get -q install -y -- docker.io" command=apt-get op=converge seq=1
time="2026-11-24T10:00:02.500Z" level=info msg="Setting up docker.io (26.1) ..." command=apt-get op=converge seq=1
time="2026-11-24T10:00:03.000Z" level=info msg=started op=converge seq=1 step="ask the engine whether it takes /etc/docker/daemon.json"
time="2026-11-24T10:00:03.500Z" level=info msg="command ended" command=dockerd exit=0 op=converge seq=1 took=9ms
time="2026-11-24T10:00:04.000Z" level=info msg=started op=converge seq=1 step="pull what is missing of busybox (each within 30 minutes)"
time="2026-11-24T10:00:04.500Z" level=info msg="command ended" command=docker exit=0 op=converge seq=1 took=9ms
time="2026-11-24T10:00:05.000Z" level=info msg="command started" args="docker compose --file x up --detach --remove-orphans" command=docker op=converge seq=1
time="2026-11-24T10:00:06.000Z" level=info msg="command ended" command=docker exit=0 op=converge seq=1 took=1s
`
	all, err := events(log, time.Date(2026, 11, 24, 10, 0, 1, 999, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range ownLines(all) {
		if strings.HasPrefix(l.Text, "== ") {
			got = append(got, fmt.Sprintf("%g %s", l.At, l.Text))
		}
	}
	if want := []string{"10 == update", "1000 == install", "2000 == engine", "3000 == project", "5000 == watch"}; !slices.Equal(got, want) {
		t.Errorf("marks are %q, want %q", got, want)
	}
	if _, err := events("something else\n", time.Time{}); err == nil {
		t.Error("a log of another form was taken")
	}
}

// Each step of a change has its time, and what lies before and behind them has the rest.
func TestAddSteps(t *testing.T) {
	all := []event{
		{5, "started", " op=enable seq=3 version=0.1.0"},
		{80, "started", ` op=converge seq=3 step="write /etc/docker/daemon.json"`},
		{83, "done", ` op=converge seq=3 step="write /etc/docker/daemon.json" took=3ms`},
		{85, "done: working in the background", ` op=enable seq=3 took=80ms`},
		{90, "started", ` op=converge seq=3 step="reload docker.service"`},
		{1290, "done", ` op=converge seq=3 step="reload docker.service" took=1.2s`},
	}
	values := map[string]float64{}
	if err := addSteps(values, all, 1300); err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"step 00 before the first step_ms": 80, "step 01 write /etc/docker/daemon.json_ms": 3, "step 02 reload docker.service_ms": 1200, "step 03 after the last step_ms": 10,
	}
	if !maps.Equal(values, want) {
		t.Errorf("steps are %v, want %v", values, want)
	}
	r := &results{}
	r.add("trixie", changeLabel, ours, values)
	if table := r.table(); !strings.Contains(table, "| label changed | reload docker.service | 1200 |\n") {
		t.Errorf("the table lacks a step:\n%s", table)
	}
}
