package vm

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The two addresses of Azure that a machine finds on its own loopback.
const (
	FabricAddress   = "168.63.129.16"   // the wire server; the agent's WIRESERVER_ENDPOINT
	MetadataAddress = "169.254.169.254" // the instance metadata service
)

// freeSlot gives the lowest subnet that no machine and no interface of the host uses.
func freeSlot(taken []*record) (int, error) {
	used := map[int]bool{}
	for _, r := range taken {
		used[r.Slot] = true
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return 0, err
	}
	for slot := 1; slot < 255; slot++ {
		subnet := netip.MustParsePrefix((&record{Slot: slot}).subnet())
		if !used[slot] && !overlapsAny(subnet, addresses) {
			return slot, nil
		}
	}
	return 0, errors.New("there is no free subnet in 10.77.0.0/16: remove machines with the command clean")
}

// overlapsAny tells whether a subnet overlaps a network that the host is directly on.
func overlapsAny(subnet netip.Prefix, addresses []net.Addr) bool {
	for _, address := range addresses {
		prefix, err := netip.ParsePrefix(address.String())
		if err == nil && prefix.Masked().Overlaps(subnet) {
			return true
		}
	}
	return false
}

// networkUp makes the namespace, the cable, the addresses and the host's rules.
func (r *record) networkUp(ctx context.Context) error {
	ns := r.namespace()
	for _, line := range []string{
		"netns add " + ns,
		"link add " + r.veth() + " type veth peer name eth0 netns " + ns,
		"addr add " + r.gateway() + "/24 dev " + r.veth(),
		"link set " + r.veth() + " up",
		"-n " + ns + " link set lo up",
		"-n " + ns + " addr add " + FabricAddress + "/32 dev lo",
		"-n " + ns + " addr add " + MetadataAddress + "/32 dev lo",
		"-n " + ns + " addr add " + r.address() + "/24 dev eth0",
		"-n " + ns + " link set eth0 up",
		"-n " + ns + " route add " + FabricAddress + "/32 dev eth0",
		"-n " + ns + " route add default via " + r.gateway(),
	} {
		if err := ip(ctx, line); err != nil {
			return err
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1\n"), 0o644); err != nil {
		return err
	}
	for _, rule := range r.rules() {
		if err := iptables(ctx, "-I", rule); err != nil {
			return err
		}
	}
	return nil
}

// networkDown removes what networkUp made, whatever there is of it. The cable is pulled at its end in the
// namespace, whose name is the machine's alone: a process with another cache folder, which does not see this
// one's records, may have taken the same slot in the same moment, and then the host's end is that one's.
func (r *record) networkDown(ctx context.Context) error {
	for _, rule := range r.rules() {
		for iptables(ctx, "-C", rule) == nil {
			if err := iptables(ctx, "-D", rule); err != nil {
				return err
			}
		}
	}
	ns := r.namespace()
	if !exists("/run/netns/" + ns) {
		return nil
	}
	_ = ip(ctx, "-n "+ns+" link del eth0") // fails where there is none yet
	return ip(ctx, "netns del "+ns)
}

// networkReset gives the namespace the state of a kernel that has just started: a container engine
// of the last boot has left bridges, rules and forwarding behind.
func (r *record) networkReset(ctx context.Context) error {
	const script = `echo 0 >/proc/sys/net/ipv4/ip_forward
[ "$2" != 0 ] || exit 0
for link in /sys/class/net/*; do
	case "${link##*/}" in lo|eth0) ;; *) ip link del "${link##*/}" 2>/dev/null;; esac
done
for tables in iptables ip6tables; do
	for table in filter nat mangle raw; do
		chroot "$1" $tables -w -t $table -F && chroot "$1" $tables -w -t $table -X
	done
done
chroot "$1" iptables -P FORWARD ACCEPT
true`
	// ip netns exec mounts a /sys that shows the namespace's own links.
	_, err := hostCommand(ctx, "ip", "netns", "exec", r.namespace(), "sh", "-c", script, "sh", r.merged(), strconv.Itoa(r.Boots))
	return err
}

// Offline cuts the machine from everything but the host's own end of its cable, or joins it again.
// Attempts to reach anything else fail at once. It outlasts a reboot.
func (v *VM) Offline(ctx context.Context, cut bool) error {
	namespace := "-n " + v.rec.namespace()
	if !cut {
		return ip(ctx, namespace+" route replace default via "+v.rec.gateway())
	}
	routes, err := hostCommand(ctx, "ip", strings.Fields(namespace+" route show default")...)
	if err != nil || strings.TrimSpace(routes) == "" {
		return err
	}
	return ip(ctx, namespace+" route del default")
}

// rules gives the host's packet filter rules for this machine: table, chain, then the match. They
// are inserted first, because Docker on the host drops what it does not know.
func (r *record) rules() [][]string {
	tag := []string{"-m", "comment", "--comment", "docker-extension-test:" + r.Name}
	rules := [][]string{
		{"nat", "POSTROUTING", "-s", r.subnet(), "!", "-d", r.subnet(), "-j", "MASQUERADE"},
		{"filter", "FORWARD", "-s", r.subnet(), "-j", "ACCEPT"},
		{"filter", "FORWARD", "-d", r.subnet(), "-j", "ACCEPT"},
	}
	for i := range rules {
		rules[i] = append(rules[i], tag...)
	}
	return rules
}

// resolverFlag tells nspawn which resolv.conf to copy: a resolver on the host's own loopback
// cannot be reached from the machine, the ones behind it can.
func resolverFlag() string {
	const stub = "/run/systemd/resolve/stub-resolv.conf"
	if target, err := filepath.EvalSymlinks("/etc/resolv.conf"); err == nil && target == stub {
		return "--resolv-conf=copy-uplink"
	}
	return "--resolv-conf=copy-host"
}

// ip runs one line of ip(8).
func ip(ctx context.Context, line string) error {
	_, err := hostCommand(ctx, "ip", strings.Fields(line)...)
	return err
}

// iptables inserts (-I), looks for (-C) or deletes (-D) a rule; it waits for the table's lock.
func iptables(ctx context.Context, verb string, rule []string) error {
	args := append([]string{"-w", "-t", rule[0], verb, rule[1]}, rule[2:]...)
	_, err := hostCommand(ctx, "iptables", args...)
	return err
}
