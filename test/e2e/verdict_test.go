package e2e

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What a table of bad days has found goes into the log in a form that test/summary reads: it makes
// docs/reliability.md of it.

// verdict is what came of a row that passed: how its enable ended, and the answers to the three questions.
type verdict struct {
	Name, Said             string
	Code                   int
	Serves, Kept, NextTime string
}

func (m mishap) verdict(e ending) verdict {
	said, _, _ := strings.Cut(e.sentence, "\n")
	said, _, _ = strings.Cut(said, " [log: ")
	v := verdict{Name: m.name, Said: said, Code: e.code, Serves: "yes", Kept: "the same process", NextTime: "success, then nothing to do"}
	switch {
	case m.fresh:
		v.Serves, v.Kept = "not there yet", "the data from before"
	case m.mute:
		v.Serves = "once mended"
	}
	if m.restarted && !m.fresh {
		v.Kept = "the data"
	}
	return v
}

// plan is how many points a run has that is cut off, and how often it is, in each of the ways.
type plan struct {
	Plot   string
	Points int
	Cuts   map[way]int
}

func (l *cutLab) notePlan(p plot, all []point) {
	told := plan{Plot: p.name, Points: len(all), Cuts: map[way]int{}}
	for i := range all {
		for _, how := range chosen(p, all, i) {
			told.Cuts[how]++
		}
	}
	l.note("plan", told)
}

// laboratory is where a test ran, and what of: the same sources give the same package.
type laboratory struct {
	Kernel, Go, Package, SHA256 string
	Cores                       int
}

func (l *lab) noteLab() {
	l.Helper()
	path := os.Getenv("DOCKER_EXTENSION_PACKAGE")
	content, err := os.ReadFile(path)
	if err != nil {
		l.Fatal(err)
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		l.Fatal(err)
	}
	l.note("lab", laboratory{
		Kernel: series(unix.ByteSliceToString(u.Release[:])), Go: runtime.Version(), Cores: runtime.NumCPU(),
		Package: filepath.Base(path), SHA256: fmt.Sprintf("%x", sha256.Sum256(content)),
	})
}

// series gives the series of a kernel: "6.1.0-9-amd64" is of 6.1. What follows says how somebody built it.
func series(release string) string {
	numbers := strings.SplitN(release, ".", 3)
	return strings.Join(numbers[:min(2, len(numbers))], ".")
}

// noteTable tells the names of all rows, those that are not due included.
func noteTable(t *testing.T) {
	t.Helper()
	var names []string
	for _, m := range mishaps() {
		names = append(names, m.name)
	}
	l := &lab{T: t}
	l.note("table", names)
}

func (l *lab) note(kind string, what any) {
	l.Helper()
	text, err := json.Marshal(what)
	if err != nil {
		l.Fatal(err)
	}
	l.Logf("note %s: %s", kind, text)
}

// scanAtEnd looks for secrets when a machine has served its time. What the extension finds at its first look
// it keeps, to give it back; rows that take its memory away make it find its own key, which it keeps as it
// would a person's: for root alone.
func (l *lab) scanAtEnd() {
	if l == nil || l.vm == nil {
		return
	}
	l.scan("/etc/docker/key.pem", stateDir+"/ledger.json")
	if modes := l.sh("stat -c '%a %U' " + stateDir + " " + stateDir + "/ledger.json 2>/dev/null | sort -u | paste -sd,"); modes != "600 root,700 root" {
		l.Errorf("the ledger and its folder are %s", modes)
	}
}
