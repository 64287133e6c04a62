package main

import (
	"archive/tar"
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
