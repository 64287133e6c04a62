package dockerd

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"docker-extension/internal/fault"
)

// Listener is a TCP address that -H or --host names, and the option that it stands in.
type Listener struct {
	Address netip.AddrPort
	Item    int // index in docker.options
}

// hintAddress shows how an address is written.
const hintAddress = "write an IP address and a port, like --host=tcp://0.0.0.0:2376"

// Listeners gives the TCP addresses that the flags -H and --host ask for, each once. The addresses on
// which the packaged unit listens anyway (fd://, unix:// with the usual socket) are left out with a note.
//
// In: the options and their place, as for Translate, which tells what else is wrong with them. Whether
// an address may be opened without TLS is not decided here. An address without a host is 127.0.0.1, as it
// is for dockerd (DefaultHTTPHost in moby opts/hosts_unix.go), which is not what most people expect and
// gets a note. Out also: faults for what systemd cannot listen on, or not together.
func Listeners(options []string, place string) (found []Listener, notes []string, faults fault.List) {
	uses, _ := parse(options, place)
	l := &listening{place: place}
	for _, u := range uses {
		if u.flag.Long == "host" {
			l.host(u)
		}
	}
	return l.found, l.notes, l.faults
}

// listening gathers the addresses of one list of options.
type listening struct {
	place  string
	found  []Listener
	notes  []string
	faults fault.List
}

func (l *listening) fail(u use, hint, format string, args ...any) {
	l.faults = append(l.faults, invalid(at(l.place, u.item), hint, format, args...))
}

// host reads one address. Without a scheme it is TCP (parseDockerDaemonHost in moby opts/hosts.go).
func (l *listening) host(u use) {
	scheme, address, found := strings.Cut(u.value, "://")
	if !found {
		scheme, address = "tcp", u.value
	}
	switch {
	case u.value == "":
		l.fail(u, hintAddress, "the value of --host %w", errEmpty)
	case scheme == "fd", scheme == "unix" && slices.Contains([]string{"", "/run/docker.sock", "/var/run/docker.sock"}, address):
		l.note("--host is left out: the engine listens on /run/docker.sock already")
	case scheme != "tcp":
		l.fail(u, "leave it out: the engine listens on /run/docker.sock", "--host has an address that the extension cannot listen on")
	default:
		l.tcp(u, strings.TrimSuffix(address, "/"))
	}
}

func (l *listening) note(text string) {
	if !slices.Contains(l.notes, text) {
		l.notes = append(l.notes, text)
	}
}

// tcp reads "host:port". systemd listens on numbers only (ListenStream= in systemd.socket(5)), and a
// name may have several of them.
func (l *listening) tcp(u use, address string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		l.fail(u, hintAddress, "--host has no port in its address")
		return
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		l.fail(u, hintAddress, "--host has a port that is not a number from 1 to 65535")
		return
	}
	switch host {
	case "":
		l.note(fmt.Sprintf("--host with :%[1]d means 127.0.0.1:%[1]d to the engine; write 0.0.0.0:%[1]d for clients on other hosts", number))
		host = "127.0.0.1"
	case "localhost":
		host = "127.0.0.1"
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || ip.Zone() != "" {
		l.fail(u, hintAddress, "--host names a host or an interface by something other than its IP address")
		return
	}
	l.add(u, netip.AddrPortFrom(ip.Unmap(), uint16(number)))
}

// add notes an address that is new. One that another one covers cannot be opened beside it.
func (l *listening) add(u use, address netip.AddrPort) {
	for _, other := range l.found {
		switch {
		case other.Address == address:
			return
		case other.Address.Port() == address.Port() && (other.Address.Addr().IsUnspecified() || address.Addr().IsUnspecified()):
			l.fail(u, "give one of the two", "--host %s and --host %s cannot both be opened: one is part of the other", other.Address, address)
			return
		}
	}
	l.found = append(l.found, Listener{address, u.item})
}
