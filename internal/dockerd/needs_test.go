package dockerd

import (
	"fmt"
	"testing"
)

func TestNeeds(t *testing.T) {
	for content, want := range map[string]string{
		``:   "[]",
		`[]`: "[]",
		`{"debug":true,"features":{"containerd-snapshotter":true},"no-such-key":1}`:              "[]",
		`{"proxies":{},"log-format":"json"}`:                                                     "[{log-format 25.0} {proxies 23.0}]",
		`{"registry-mirrors":["https://mirror.example.com/","https://mirror.example.com:5000"]}`: "[]",
		`{"registry-mirrors":["https://mirror.example.com/hub"]}`:                                "[{a path in registry-mirrors 24.0.8}]",
		`{"max-download-attempts":0}`:                                                            "[{0 for max-download-attempts 23.0}]",
		`{"max-download-attempts":1,"registry-mirrors":"x"}`:                                     "[]",
	} {
		if got := fmt.Sprint(Needs([]byte(content))); got != want {
			t.Errorf("%s: got %s, want %s", content, got, want)
		}
	}
}

func TestImpossible(t *testing.T) {
	for content, want := range map[string]string{
		``:                                     "",
		`{"default-runtime":"nvidia"}`:         "",
		`{"bip":"10.1.0.1/24","bridge":"br0"}`: "bip cannot stand beside bridge",
		`{"icc":false,"iptables":false,"debug":false}`: "icc is false, for which the engine needs iptables, and that is false too",
	} {
		if got, hint := Impossible([]byte(content)); got != want || (got == "") != (hint == "") {
			t.Errorf("%s: got %q (%s), want %q", content, got, hint, want)
		}
	}
}

func TestOlder(t *testing.T) {
	tests := []struct {
		version, release string
		want             bool
	}{
		{"20.10.24+dfsg1", "23.0", true},
		{"20.10.24", "25.0", true},
		{"24.0.7", "24.0.8", true},
		{"24.0.8-1", "24.0.8", false},
		{"24.0.10", "24.0.8", false},
		{"26.1.5+dfsg1", "25.0", false},
		{"25.0.0-rc.1", "25.0", false},
		{"28.5.2", "29", true},
		{"29.0.0", "29", false},
		{"dev", "23.0", false},
		{"0.0.0-20231204185757-dc8f8f8", "23.0", false},
		{"", "23.0", false},
	}
	for _, test := range tests {
		if got := Older(test.version, test.release); got != test.want {
			t.Errorf("%s before %s: %v", test.version, test.release, got)
		}
	}
}
