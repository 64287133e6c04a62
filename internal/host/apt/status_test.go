package apt

import (
	"fmt"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

func TestPackages(t *testing.T) {
	tests := []struct {
		name, status string
		want         map[string]state.Package
	}{
		{"empty", "", map[string]state.Package{}},
		{"installed", "Package: a\nStatus: install ok installed\n", map[string]state.Package{"a": {Installed: true}}},
		{"held", "Package: a\nStatus: hold ok installed\n\n", map[string]state.Package{"a": {Installed: true, Held: true}}},
		{"unpacked", "Package: a\nStatus: install ok unpacked\n\n", map[string]state.Package{"a": {Half: true}}},
		{"damaged", "Package: a\nStatus: install reinstreq half-installed\n\n", map[string]state.Package{"a": {Half: true}}},
		{"removed", "Package: a\nStatus: deinstall ok config-files\n\n", map[string]state.Package{"a": {}}},
		{"to be removed", "Package: a\nStatus: deinstall ok installed\n\n", map[string]state.Package{"a": {Installed: true}}},
		{"held before it is there", "Package: a\nStatus: hold ok not-installed\n\n", map[string]state.Package{"a": {Held: true}}},
		{"several", "Package: a\nStatus: install ok installed\n\nPackage: b\nStatus: install ok installed\n", map[string]state.Package{"a": {Installed: true}, "b": {Installed: true}}},
		{"two architectures", "Package: a\nStatus: deinstall ok config-files\nArchitecture: i386\n\nPackage: a\nStatus: install ok installed\n\nPackage: a\nStatus: deinstall ok config-files\n\n",
			map[string]state.Package{"a": {Installed: true}}},
		{"in a description", "Package: a\nStatus: install ok installed\nDescription: x\n Package: b\n .\n Status: install ok installed\n\n", map[string]state.Package{"a": {Installed: true}}},
		{"order and blanks", "Status:  install  ok  installed \nPackage:a\n\n\n\n", map[string]state.Package{"a": {Installed: true}}},
		{"no name", "Status: install ok installed\n\n", map[string]state.Package{}},
		{"no status", "Package: a\n\n", map[string]state.Package{"a": {}}},
		{"longer names", "Package-Type: udeb\nPackage: a\nStatus-Old: x y installed\n\n", map[string]state.Package{"a": {}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := newDebian(t, test.status, "").Packages()
			if err != nil || fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestPackagesWithoutDpkg(t *testing.T) {
	if got, err := Packages(files.New(t.TempDir())); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestPackagesOfADamagedRecord(t *testing.T) {
	_, err := newDebian(t, "Package: "+strings.Repeat("x", longestField+1), "").Packages()
	if fault.CodeOf(err) != fault.HostConfig {
		t.Errorf("got %v", err)
	}
}

// FuzzParse: whatever the record holds, parsing ends, and each package that is told has a name that
// stands in the record.
func FuzzParse(f *testing.F) {
	f.Add(host)
	f.Add("Package: a\nStatus: install ok installed\nDepends: b | c (>= 1), d:any\nProvides: e (= 1), f\n")
	f.Add("Package:\nStatus: a\n\n:\n\x00")
	f.Fuzz(func(t *testing.T, text string) {
		var all []stanza
		_ = parse(strings.NewReader(text), func(s *stanza) {
			if s.name == "" || !strings.Contains(text, s.name) {
				t.Errorf("made up %q", s.name)
			}
			all = append(all, *s)
		}, "Package", "Status", "Depends", "Pre-Depends", "Provides")
		for _, name := range removable(all, []string{"a", "docker.io"}) {
			if name != "a" && name != "docker.io" {
				t.Errorf("would remove %q", name)
			}
		}
	})
}

// BenchmarkPackages reads a record of 3 MB, that of a full desktop.
func BenchmarkPackages(b *testing.B) {
	var text strings.Builder
	for i := 0; text.Len() < 3<<20; i++ {
		fmt.Fprintf(&text, "Package: package-%d\nStatus: install ok installed\nPriority: optional\nSection: libs\nInstalled-Size: 123\n"+
			"Maintainer: Somebody <somebody@example.org>\nArchitecture: amd64\nMulti-Arch: same\nVersion: 1.2.3-4+deb13u1\n"+
			"Depends: libc6 (>= 2.34), libgcc-s1 (>= 3.0), libstdc++6 (>= 13.1), zlib1g (>= 1:1.1.4)\n"+
			"Conffiles:\n /etc/a 0123456789abcdef0123456789abcdef\n /etc/b 0123456789abcdef0123456789abcdef\n"+
			"Description: a library of some use\n This line says more of it, and\n .\n so does this one, at some length, as descriptions do.\nHomepage: https://example.org/\n\n", i)
	}
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		packages := 0
		if err := parse(strings.NewReader(text.String()), func(*stanza) { packages++ }, "Package", "Status"); err != nil || packages == 0 {
			b.Fatal(packages, err)
		}
	}
}
