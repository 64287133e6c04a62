package apt

import (
	"maps"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// What apt brought because others needed it is told from what somebody asked for.
func TestMarks(t *testing.T) {
	const status = "Package: docker.io\nStatus: install ok installed\n\nPackage: runc\nStatus: install ok installed\n\n" +
		"Package: git\nStatus: install ok installed\n\nPackage: gone\nStatus: deinstall ok config-files\n\n"
	const marks = "Package: runc\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: git\nArchitecture: amd64\nAuto-Installed: 0\n\n"
	d := newDebian(t, status, "")
	for text, automatic := range map[string]bool{"": false, marks: true} {
		d.write(t, MarksFile, text)
		got, err := d.Packages()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]state.Package{
			"runc": {Installed: true, Automatic: automatic}, "git": {Installed: true}, "docker.io": {Installed: true}, "gone": {},
		}
		if !maps.Equal(got, want) {
			t.Errorf("with %q: %+v", text, got)
		}
	}
	d.write(t, MarksFile, "Package: "+strings.Repeat("x", longestField+1))
	if _, err := d.Packages(); fault.CodeOf(err) != fault.HostConfig || fault.Faults(err)[0].Hint == "" {
		t.Errorf("a damaged record: %v", err)
	}
}
