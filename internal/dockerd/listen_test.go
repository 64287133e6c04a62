package dockerd

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"docker-extension/internal/fault"
)

func TestListeners(t *testing.T) {
	tests := []struct {
		name    string
		options []string
		want    string // addresses, each with its item
		note    string // part of the only note; "" = none
	}{
		{"none", []string{"-D"}, "", ""},
		{"all addresses", []string{"-H", "tcp://0.0.0.0:2376"}, "0.0.0.0:2376@0", ""},
		{"attached, with a slash", []string{"-D", "-H=tcp://0.0.0.0:2375/"}, "0.0.0.0:2375@1", ""},
		{"one address", []string{"--host=tcp://10.0.0.4:2376"}, "10.0.0.4:2376@0", ""},
		{"loopback", []string{"-H tcp://127.0.0.1:2375"}, "127.0.0.1:2375@0", ""},
		{"by name", []string{"-H tcp://localhost:2375"}, "127.0.0.1:2375@0", ""},
		{"no scheme", []string{"-H", "0.0.0.0:4243"}, "0.0.0.0:4243@0", ""},
		{"no host", []string{"-H", "tcp://:2375"}, "127.0.0.1:2375@0", "write 0.0.0.0:2375"},
		{"no scheme and no host", []string{"-H", ":4243"}, "127.0.0.1:4243@0", "write 0.0.0.0:4243"},
		{"IPv6", []string{"-H", "tcp://[::1]:2375", "-H=[fe80::1]:1"}, "[::1]:2375@0 [fe80::1]:1@2", ""},
		{"IPv4 in IPv6", []string{"-H", "tcp://[::ffff:10.0.0.4]:1"}, "10.0.0.4:1@0", ""},
		{"several", []string{"-H", "fd://", "-H", "tcp://10.0.0.4:1", "-H", "tcp://127.0.0.1:1", "-H", "tcp://10.0.0.4:1"},
			"10.0.0.4:1@2 127.0.0.1:1@4", "listens on /run/docker.sock already"},
		{"sockets", []string{"-H", "unix:///var/run/docker.sock", "-H=fd://", "--host=unix://", "-Hunix:///run/docker.sock"}, "", "/run/docker.sock already"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found, notes, faults := Listeners(test.options, place)
			var got []string
			for _, l := range found {
				got = append(got, fmt.Sprintf("%s@%d", l.Address, l.Item))
			}
			if strings.Join(got, " ") != test.want || len(faults) > 0 {
				t.Errorf("got %q, faults %v", got, faults)
			}
			if (len(notes) == 0) != (test.note == "") || len(notes) > 1 || !strings.Contains(strings.Join(notes, ""), test.note) {
				t.Errorf("notes %q", notes)
			}
			if _, _, faults := Translate(test.options, place); len(faults) > 0 {
				t.Errorf("Translate says %v", faults)
			}
		})
	}
}

func TestListenerFaults(t *testing.T) {
	tests := []struct {
		name    string
		options []string
		want    string
	}{
		{"empty", []string{"--host="}, "[0]: the value of --host is empty"},
		{"no port", []string{"-D", "--host=tcp://0.0.0.0"}, "[1]: --host has no port"},
		{"nothing but the scheme", []string{"--host=tcp://"}, "[0]: --host has no port"},
		{"port 0", []string{"-H", "tcp://0.0.0.0:0"}, "[0]: --host has a port that is not a number"},
		{"port too large", []string{"-H", "tcp://0.0.0.0:65536"}, "[0]: --host has a port that is not a number"},
		{"port by name", []string{"-H", "tcp://0.0.0.0:docker"}, "[0]: --host has a port that is not a number"},
		{"path", []string{"-H", "tcp://0.0.0.0:1/x"}, "[0]: --host has a port that is not a number"},
		{"host by name", []string{"-H", "tcp://vm.example.com:2376"}, "[0]: --host names a host or an interface"},
		{"interface", []string{"-H", "tcp://eth0:2376"}, "[0]: --host names a host or an interface"},
		{"zone", []string{"-H", "tcp://[fe80::1%eth0]:2376"}, "[0]: --host names a host or an interface"},
		{"another socket", []string{"-H", "unix:///tmp/x.sock"}, "[0]: --host has an address that the extension cannot listen on"},
		{"another scheme", []string{"-H", "http://0.0.0.0:1"}, "[0]: --host has an address that the extension cannot listen on"},
		{"one in the other", []string{"-H", "tcp://127.0.0.1:1", "-H", "tcp://0.0.0.0:1"}, "[2]: --host 127.0.0.1:1 and --host 0.0.0.0:1 cannot both be opened"},
		{"both families", []string{"-H", "tcp://0.0.0.0:1", "-H", "tcp://[::]:1"}, "[2]: --host 0.0.0.0:1 and --host [::]:1 cannot both be opened"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, faults := Listeners(test.options, place)
			if len(faults) != 1 || !strings.HasPrefix(faults[0].Error(), place+test.want) || faults[0].Hint == "" || faults[0].Code != fault.SettingsInvalid {
				t.Errorf("got %v, want %s", faults, test.want)
			}
		})
	}
}

// Whatever is given, what comes out can be written as systemd's ListenStream=.
func FuzzListeners(f *testing.F) {
	for _, seed := range []string{"-H\ntcp://:1", "-Htcp://[::]:1\n--host=[::1%lo]:2", "-H\x00", "--host\nfd://\n-H=unix://x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, _, faults := Listeners(strings.Split(text, "\n"), place)
		for _, l := range found {
			if again, err := netip.ParseAddrPort(l.Address.String()); err != nil || again != l.Address || again.Port() == 0 {
				t.Fatalf("%v is no address: %v", l.Address, err)
			}
		}
		for _, f := range faults {
			if f.Hint == "" || f.Place == "" {
				t.Fatalf("half a fault: %+v", f)
			}
		}
	})
}
