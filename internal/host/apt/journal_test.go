package apt

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/internal/state"
)

// A dpkg that was killed in a removal has told its journal, and not yet the status file.
func TestJournal(t *testing.T) {
	const status = "Package: engine\nStatus: install ok installed\nArchitecture: amd64\n\n" +
		"Package: cli\nStatus: install ok installed\nArchitecture: amd64\n\n" +
		"Package: cli\nStatus: install ok installed\nArchitecture: i386\n\n"
	d := newDebian(t, status, "")
	folder := d.Root.Path(journalFolder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"0000":  "Package: engine\nStatus: deinstall ok half-configured\nArchitecture: amd64\n",
		"0001":  "Package: engine\nStatus: deinstall ok config-files\nArchitecture: amd64\n",
		"0002":  "Package: cli\nStatus: deinstall reinstreq half-installed\nArchitecture: amd64\n",
		"0003":  "Package: new\nStatus: install ok installed\nArchitecture: amd64\n",
		"tmp.i": "Package: engine\nStatus: install ok installed\nArchitecture: amd64\n",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.Packages()
	want := map[string]state.Package{"engine": {}, "cli": {Installed: true, Half: true}, "new": {Installed: true}}
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if removable, err := d.Removable([]string{"engine", "cli"}); err != nil || fmt.Sprint(removable) != "[cli]" {
		t.Errorf("removable are %v, %v", removable, err)
	}
}

// A removal that was interrupted is brought to its end first, also that of a package which is only needed.
func TestInterruptedRemovalIsFinished(t *testing.T) {
	d := newDebian(t, installed("libc6")+"Package: tini\nStatus: deinstall ok half-installed\n\nPackage: zeta\nStatus: deinstall ok unpacked\n\n", brings("docker.io"))
	if err := d.Install(t.Context(), state.Installation{Packages: []string{"docker.io"}}); err != nil {
		t.Fatal(err)
	}
	if calls := d.calls(t); len(calls) < 3 || !strings.HasSuffix(calls[0], "--configure -a") || calls[1] != "dpkg --remove -- tini zeta" {
		t.Errorf("calls: %q", calls)
	}
}
