package dockerd

import (
	"encoding/json"
	"strings"

	"docker-extension/internal/fault"
)

// clash is two keys that are each for itself right, and with which no engine starts.
type clash struct {
	key     string // where the fault is
	problem string
	hint    string
}

// CheckTogether says which keys of a set that Union gave contradict each other.
//
// In: the keys, the members of docker.daemon, and the places of docker.options and docker.daemon. Out: the
// faults, sorted by key.
func CheckTogether(keys, daemon map[string]json.RawMessage, options, place string) fault.List {
	var faults fault.List
	for _, c := range clashes(keys) {
		if _, there := daemon[c.key]; there {
			faults = append(faults, invalid(fault.Member(place, c.key), c.hint, "%s", c.problem))
		} else {
			faults = append(faults, invalid(options, c.hint, "%s %s", c.key, c.problem))
		}
	}
	return faults
}

// clashes follows what verifyDaemonSettings of moby daemon/daemon_unix.go says in all releases from 20.10 on. It
// is not among what --validate looks at.
func clashes(keys map[string]json.RawMessage) []clash {
	const hint = "leave one of the two out: bip and bip6 are about docker0, the engine's own bridge"
	var all []clash
	for _, name := range []string{"bip", "bip6"} {
		if textOf(keys[name]) != "" && textOf(keys["bridge"]) != "" {
			all = append(all, clash{name, "cannot stand beside bridge", hint})
		}
	}
	if parent := textOf(keys["cgroup-parent"]); parent != "" && !isSlice(parent) && cgroupDriver(keys["exec-opts"]) == "systemd" {
		all = append(all, clash{"cgroup-parent", "is not the name of a slice, which the cgroup driver systemd in exec-opts wants",
			"write a name such as docker.slice, or leave it out"})
	}
	if isFalse(keys["icc"]) && isFalse(keys["iptables"]) {
		all = append(all, clash{"icc", "is false, for which the engine needs iptables, and that is false too", "set one of the two to true"})
	}
	return all
}

// isSlice tells whether systemd's driver takes a cgroup-parent.
func isSlice(parent string) bool {
	return len(parent) > len(".slice") && strings.HasSuffix(parent, ".slice")
}

// cgroupDriver gives the driver that exec-opts names; empty if they name none, and the host decides.
func cgroupDriver(value json.RawMessage) string {
	var options []string
	_ = json.Unmarshal(value, &options)
	for _, option := range options {
		if driver, named := namedDriver(option); named {
			return driver
		}
	}
	return ""
}

// textOf is the string that a value is; empty if it is none.
func textOf(value json.RawMessage) (text string) {
	_ = json.Unmarshal(value, &text)
	return text
}

// isFalse tells whether a value is there and false.
func isFalse(value json.RawMessage) bool { return equal(value, []byte("false")) }
