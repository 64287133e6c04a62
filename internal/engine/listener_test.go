package engine

import (
	"net/netip"
	"strings"
	"testing"
)

func TestListenersOfOptions(t *testing.T) {
	s := remote()
	s.Docker.Port = 0
	for _, a := range []string{"127.0.0.1:2375", "10.0.0.4:2376", "[::1]:2376"} {
		s.Docker.Hosts = append(s.Docker.Hosts, netip.MustParseAddrPort(a))
	}
	goal, err := Running(s, fresh())
	if got := steps(t, goal, err); !strings.Contains(got, "over TLS, on 127.0.0.1:2375 and 10.0.0.4:2376 and [::1]:2376") {
		t.Errorf("steps:\n%s", got)
	}
	const want = "[Socket]\nFreeBind=yes\nListenStream=127.0.0.1:2375\nListenStream=10.0.0.4:2376\nListenStream=[::1]:2376\n"
	if got := string(goal.Want.Files[SocketDropIn].Content); !strings.HasSuffix(got, want) {
		t.Errorf("the drop-in is\n%s", got)
	}
	s.Docker.Hosts = s.Docker.Hosts[:1]
	goal, err = Running(s, settled(t, s, fresh()))
	if got := steps(t, goal, err); got != "" || strings.Contains(string(goal.Want.Files[SocketDropIn].Content), "FreeBind") {
		t.Errorf("loopback alone: still to do %q, drop-in\n%s", got, goal.Want.Files[SocketDropIn].Content)
	}
}
