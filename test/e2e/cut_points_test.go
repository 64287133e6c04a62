package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"docker-extension/test/trace"
)

// point is a moment in a run: before the nth effect of this name.
type point struct {
	name string
	nth  int
	// child tells whether it is in the middle of a program that the run has started.
	child bool
}

// border is the name of the moment between two steps, or before the first or after the last: the run
// writes its status file. That is its report and no state of the host, so that all of it is one moment.
const border = "border of two steps"

// nameOf names an effect.
func nameOf(e trace.Effect) string {
	if e.Generation == 0 && strings.Contains(e.Path, "/status/") {
		return border
	}
	return e.String()
}

// maintainerScript finds the maintainer scripts of packages.
var maintainerScript = regexp.MustCompile(`\.(preinst|postinst|prerm|postrm)|^start (preinst|postinst|prerm|postrm)`)

// bookkeeping tells whether an effect is dpkg's note of what it has done so far: it divides its work.
func bookkeeping(e trace.Effect) bool {
	return e.What == "rename" && strings.HasPrefix(e.Path, "/var/lib/dpkg/updates/")
}

// pointsOf gives the moments of a run that differ in their effects on the host. Every effect of the run's
// own process is one. Of a program that it starts these are: its start, and those of the scripts that
// dpkg runs; each note that dpkg makes of its progress; each request that compose makes of the engine; and
// of a row of other files, which it unpacks or removes one after the other, the middle one. Starts with
// nothing in between are one moment, and so is the writing of the status file.
func pointsOf(effects []trace.Effect) []point {
	var points []point
	seen := map[string]int{}
	var row []point // files of one program
	idle := false   // nothing was changed since the last point
	for _, e := range effects {
		name := nameOf(e)
		seen[name]++
		p := point{name, seen[name], e.Generation > 0}
		plain := p.child && e.What != "start" && e.What != "ask" && !bookkeeping(e)
		if !plain && len(row) > 0 {
			points, row, idle = append(points, row[len(row)/2]), nil, false
		}
		switch {
		case plain:
			row = append(row, p)
		case name == border && len(points) > 0 && points[len(points)-1].name == border:
		case e.What == "start" && idle && !maintainerScript.MatchString(name):
		default:
			points, idle = append(points, p), e.What == "start"
		}
	}
	return points
}

// label is a name for a row of a table: "12_of_41_rename_daemon.json".
func (p point) label(at, of int) string {
	name := regexp.MustCompile(`[^A-Za-z0-9.-]+`).ReplaceAllString(p.name, "_")
	return fmt.Sprintf("%02d_of_%02d_%s", at+1, of, strings.Trim(name, "_"))
}

// search finds a point among the effects of another run.
type search struct {
	point
	seen  int
	found bool
}

// is tells, for each effect in turn, whether this is the point.
func (s *search) is(e trace.Effect) bool {
	if s.found || nameOf(e) != s.name {
		return false
	}
	s.seen++
	s.found = s.seen == s.nth
	return s.found
}

func TestPointsOf(t *testing.T) {
	file := func(generation int, what, path string) trace.Effect {
		return trace.Effect{What: what, Object: path[strings.LastIndex(path, "/")+1:], Path: path, Generation: generation}
	}
	start := func(generation int, name string) trace.Effect {
		return trace.Effect{What: "start", Object: name, Generation: generation}
	}
	ask := func(generation int, request string) trace.Effect {
		return trace.Effect{What: "ask", Object: request, Generation: generation}
	}
	effects := []trace.Effect{
		file(0, "create", "/a/status/.0.statusN"), file(0, "rename", "/a/status/0.status"), file(0, "rename", "/etc/f"),
		file(0, "create", "/a/status/.0.statusN"),
		start(1, "apt-get install"), start(2, "http"), start(2, "dpkg unpack"),
		file(2, "create", "/usr/1"), file(2, "create", "/usr/2"), file(2, "create", "/usr/3"), file(2, "rename", "/var/lib/dpkg/updates/0001"),
		start(3, "rm"), start(3, "docker.io.postinst configure"), file(0, "rename", "/etc/f"),
		start(1, "docker up"), ask(2, "POST /containers/create"), ask(2, "DELETE /containers/ID"),
	}
	var got []string
	all := pointsOf(effects)
	for i, p := range all {
		got = append(got, fmt.Sprint(p.label(i, len(all)), " ", p.nth))
	}
	want := `01_of_12_border_of_two_steps 1
02_of_12_rename_f 1
03_of_12_border_of_two_steps 3
04_of_12_start_apt-get_install 1
05_of_12_create_2 1
06_of_12_rename_0001 1
07_of_12_start_rm 1
08_of_12_start_docker.io.postinst_configure 1
09_of_12_rename_f 2
10_of_12_start_docker_up 1
11_of_12_ask_POST_containers_create 1
12_of_12_ask_DELETE_containers_ID 1`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwanted\n%s", text, want)
	}
	s := search{point: all[8]}
	for i, e := range effects {
		if s.is(e) != (i == len(effects)-4) {
			t.Errorf("the ninth point is found at effect %d", i)
		}
	}
}
