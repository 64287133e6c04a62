package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A row that passed on one suite and failed on the other, one that was not due, and a run that was cut off
// four times of five: all of it stands on the page.
func TestReliabilityPage(t *testing.T) {
	said := strings.Join([]string{
		eventOf("TestFault/a", "output", `x_test.go:1: note table: ["disk full","lock | held"]`+"\n"),
		eventOf("TestFault/a", "output", `x_test.go:1: note lab: {"Kernel":"6.1","Go":"go1","Package":"p.zip","SHA256":"abc","Cores":2}`+"\n"),
		eventOf("TestFault/a/disk_full", "output", `x_test.go:1: note verdict: {"Name":"disk full","Said":"error (21): cannot <do>","Code":21,`),
		eventOf("TestFault/a/disk_full", "output", `"Serves":"yes","Kept":"the data","NextTime":"success"}`+"\n"),
		eventOf("TestFault/a/disk_full", "pass", ""),
		eventOf("TestFault/b/disk_full", "fail", ""),
		eventOf("TestCutOff/a/cold", "output", `x_test.go:1: note plan: {"Plot":"cold","Points":3,"Cuts":{"killed":3,"power_cut":2}}`+"\n"),
		eventOf("TestCutOff/a/cold/01/killed", "pass", ""),
		eventOf("TestCutOff/a/cold/02/killed", "pass", ""),
		eventOf("TestCutOff/a/cold/03/killed", "fail", ""),
		eventOf("TestCutOff/a/cold/01/power_cut", "pass", ""),
		eventOf("TestCutOff/a/cold/02/power_cut", "run", ""),
	}, "\n")
	r := record{}
	if err := r.read(strings.NewReader(said)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "page.md")
	const begin, end = "<!-- begin of the last run -->\n", "<!-- end of the last run -->\n"
	if err := os.WriteFile(file, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.updatePage(file); err != nil {
		t.Fatal(err)
	}
	want := "before\n" + begin + `
- ` + "`TestFault`: from 2026-01-02 03:04 to 2026-01-02 03:04 UTC, on Linux 6.1 with 2 cores; `p.zip` with the SHA-256 `abc`, made by go1" + `

### 2 named faults

| fault | what enable says of it | code | engine serves | containers keep | next enable | a | b |
|---|---|---|---|---|---|---|---|
| disk full | cannot &lt;do> | 21 | yes | the data | success | passed | failed |
| lock \| held |  |  |  |  |  | did not run | did not run |

1 passed, 1 failed, 2 did not run, 0 did not end.

### Runs that were cut off

| run | suite | points | killed | power cut |
|---|---|---:|---:|---:|
| cold | a | 3 | 2 of 3, 1 failed | 1 of 2 |

3 healed, 1 failed, 1 of those planned did not run.

` + end + "after\n"
	if text, _ := os.ReadFile(file); string(text) != want {
		t.Errorf("the page is\n%s\nwant\n%s", text, want)
	}
}

func TestPageWithoutMarks(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(file, []byte("no marks"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := (record{}).updatePage(file); err == nil {
		t.Error("a page without marks was taken")
	}
}

func eventOf(test, action, output string) string {
	return fmt.Sprintf(`{"Time":"2026-01-02T03:04:05Z","Package":"p","Test":%q,"Action":%q,"Output":%q}`, test, action, output)
}
