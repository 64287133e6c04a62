package arch

import (
	"bytes"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestNoTraceOfTheMachine looks for what belongs to the machine where a file was written: the
// mirrors that its apt uses, its Go module proxy, the folder of the checkout. A name of one of
// them in the sources would be used, or at least tried, on machines that must use their own.
func TestNoTraceOfTheMachine(t *testing.T) {
	traces := mirrors(t)
	if folder, err := filepath.Abs(root); err == nil && strings.Count(folder, "/") > 1 {
		traces = append(traces, folder+"/")
	}
	for _, name := range files(t) {
		content := read(t, name)
		for _, trace := range traces {
			if bytes.Contains(content, []byte(trace)) {
				t.Errorf("%s names %s", name, trace)
			}
		}
	}
}

// TestNoBinaryAndNoKey keeps products and private keys out; tests make their own keys.
func TestNoBinaryAndNoKey(t *testing.T) {
	key := regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{60}`) // PEM lines have 64
	for _, name := range files(t) {
		content := read(t, name)
		if bytes.IndexByte(content, 0) >= 0 {
			t.Errorf("%s is no text", name)
		}
		if key.Match(content) {
			t.Errorf("%s holds a private key", name)
		}
	}
}

// TestNoConflictMarker finds what a merge has left open in a file that no compiler reads.
func TestNoConflictMarker(t *testing.T) {
	marker := regexp.MustCompile(`(?m)^(<{7}|>{7}) `)
	for _, name := range files(t) {
		if at := marker.FindIndex(read(t, name)); at != nil {
			t.Errorf("%s has a conflict marker at byte %d", name, at[0])
		}
	}
}

// mirrors gives the hosts from which this machine takes packages and modules, except those that the
// extension itself has to know: Docker's own repository.
func mirrors(t *testing.T) []string {
	t.Helper()
	var text strings.Builder
	for _, pattern := range []string{
		"/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list", "/etc/apt/sources.list.d/*.sources",
		"/etc/apt/apt.conf", "/etc/apt/apt.conf.d/*",
	} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if content, err := os.ReadFile(name); err == nil { // one that only root may read is none of ours
				text.Write(content)
			}
		}
	}
	proxy, err := exec.Command("go", "env", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	text.Write(proxy)
	return slices.DeleteFunc(hosts(text.String()), func(host string) bool { return host == "download.docker.com" })
}

// hosts gives the hosts of all URLs in a text, comments apart, except addresses and names without a
// dot, which would be found everywhere.
func hosts(text string) (all []string) {
	text = regexp.MustCompile(`(?m)^\s*(#|//).*$`).ReplaceAllString(text, "")
	for _, match := range regexp.MustCompile(`\bhttps?://[^\s,|";]+`).FindAllString(text, -1) {
		u, err := url.Parse(match)
		if err != nil {
			continue
		}
		host := u.Hostname()
		if net.ParseIP(host) == nil && strings.Contains(host, ".") {
			all = append(all, host)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestHosts(t *testing.T) {
	got := hosts("URIs: http://one.example/debian\ndeb https://two.example:8080/x main\n# https://four.example/why\n" +
		"https://three.example,direct\nAcquire::http::Proxy \"http://192.0.2.1:3142\"; http://localhost/ http://one.example/")
	if want := []string{"one.example", "three.example", "two.example"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
