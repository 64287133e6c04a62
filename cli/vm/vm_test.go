package vm

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"docker-extension/cli/person"
	"docker-extension/handler"
	"docker-extension/internal/state"
)

func TestLast(t *testing.T) {
	for _, test := range []struct {
		text  string
		lines int
		want  string
	}{
		{"a\nb\nc\n", 2, "b\nc\n"}, {"a\nb\nc", 1, "c"}, {"a\n", 5, "a\n"}, {"a\nb\n", 0, "a\nb\n"}, {"", 3, ""}, {"\n\n", 1, "\n\n"},
	} {
		if got := string(last([]byte(test.text), test.lines)); got != test.want {
			t.Errorf("%d of %q: %q, want %q", test.lines, test.text, got, test.want)
		}
	}
}

func at(width int) (*bytes.Buffer, looker) {
	var out bytes.Buffer
	return &out, looker{Person: &person.Person{Out: &out, Width: width, Getenv: func(string) string { return "" }}}
}

// A run is drawn over itself on a terminal, and told line by line elsewhere, each line once.
func TestProgress(t *testing.T) {
	first := handler.LastStatus{Status: "transitioning", Message: "step 1 of 2", Substatuses: []handler.LastSubstatus{{Name: "packages", Status: "transitioning", Message: "running"}}}
	second := handler.LastStatus{Status: "success", Message: "done, in many words", Substatuses: []handler.LastSubstatus{{Name: "packages", Status: "transitioning", Message: "running"}}}
	for width, want := range map[int]string{
		0:  "… step 1 of 2\n  …  packages  running\n✓ done, in many words\n",
		20: "\x1b[2K… step 1 of 2\n\x1b[2K  …  packages  runn…\n\x1b[J\x1b[2A\x1b[2K✓ done, in many wor…\n\x1b[2K  …  packages  runn…\n\x1b[J",
	} {
		out, l := at(width)
		p := l.progress()
		p.show(first)
		p.show(second)
		if out.String() != want {
			t.Errorf("width %d:\n%q\nwant\n%q", width, out.String(), want)
		}
	}
}

// Each line of status in its bad shapes.
func TestStatusLines(t *testing.T) {
	moment := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	running := unitNow{Exists: true, Active: true, AtBoot: true}
	_, l := at(0)
	for _, test := range []struct {
		row  person.Row
		want string
	}{
		{l.settingsLine(status{Working: true, Settings: settingsInForce{Sequence: 2}}), "settings ! 2, being applied"},
		{l.settingsLine(status{Settings: settingsInForce{Sequence: 2, Applied: &state.Applied{Sequence: 1, At: moment}}}), "settings ✗ 2, not in force; 1 are, since 2026-11-24 12:00:00 UTC"},
		{l.keysLine(status{}), "asks for  an engine"},
		{l.keysLine(status{Settings: settingsInForce{Keys: keys([]byte(`{"docker":{"port":1,"hold":true},"compose":{}}`))}}), "asks for  compose, docker.hold, docker.port"},
		{l.reportedLine(status{Reported: &reported{Status: "transitioning", Message: "m"}}), "reported ! transitioning: m"},
		{l.reportedLine(status{Reported: &reported{Status: "error", Code: 52, Name: "package-install", Message: "m"}}), "reported ✗ error 52 (package-install): m"},
		{l.engineLine(status{Engine: engineNow{Service: unitNow{Exists: true, Masked: true}}}), "engine ✗ masked by a person"},
		{l.engineLine(status{Engine: engineNow{Service: unitNow{Exists: true}}}), "engine ✗ not running, does not start at boot"},
		{l.engineLine(status{Engine: engineNow{Service: running}}), "engine ✗ started, but does not answer, starts at boot"},
		{l.listenerLine(status{}), "listener  the unix socket alone"},
		{l.listenerLine(status{Listener: listener{Addresses: []string{"a:1", "b:2"}}}), "listener ✗ a:1, b:2 is not open"},
		{l.listenerLine(status{Engine: engineNow{Socket: running}, Listener: listener{Addresses: []string{"a:1"}}}), "listener ! a:1, without TLS: anyone who reaches it is root on this VM"},
		{l.certificateLine(status{}), "certificate  none"},
		{l.certificateLine(status{Certificate: &certificate{Names: []string{"vm"}, Ends: moment, DaysLeft: -1}}), "certificate ✗ vm, until 2026-11-24 12:00:00 UTC (-1 days left)"},
		{l.certificateLine(status{Certificate: &certificate{Ends: moment, DaysLeft: 7}}), "certificate ! until 2026-11-24 12:00:00 UTC (7 days left)"},
	} {
		if got := strings.Join(test.row.Cells, " "); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

func TestListening(t *testing.T) {
	found := listening([]byte("[Socket]\nListenStream=0.0.0.0:1\n ListenStream=[::1]:2\nFreeBind=yes\n"), []byte(`{"tlsverify": true}`))
	if strings.Join(found.Addresses, " ") != "0.0.0.0:1 [::1]:2" || !found.TLS {
		t.Errorf("%+v", found)
	}
	if found := listening(nil, []byte("{")); found.TLS || len(found.Addresses) != 0 {
		t.Errorf("%+v", found)
	}
}

func TestAccountSecrets(t *testing.T) {
	found := strings.Join(accountSecrets([]byte(`{"auths":{"r":{"auth":"cm9ib3Q6Z2VoZWlt","identitytoken":"tok","x":1}},"credsStore":"s"}`)), " ")
	for _, want := range []string{"cm9ib3Q6Z2VoZWlt", "robot:geheim", "geheim", "tok"} {
		if !strings.Contains(found, want) {
			t.Errorf("%s is not among %s", want, found)
		}
	}
	if found := accountSecrets([]byte("[")); len(found) != 0 {
		t.Errorf("%q", found)
	}
}
