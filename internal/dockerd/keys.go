package dockerd

import (
	"cmp"
	"slices"
)

// Key is one key of daemon.json.
type Key struct {
	Name  string
	Kind  Kind   // JSON type of its value
	Since string // first release with it; empty for 20.10 and before
	// Removed, Refused and Instead mean what they mean in Flag.
	Removed, Refused, Instead string
}

// Keys gives every key of daemon.json that dockerd has or had, sorted by name: those that a flag
// says too, and those that only the file knows.
func Keys() []Key {
	keys := slices.Collect(allKeys)
	slices.SortFunc(keys, func(a, b Key) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(keys, func(a, b Key) bool { return a.Name == b.Name })
}

// allKeys is a sequence of every key, in no order, and those twice that two flags say.
func allKeys(yield func(Key) bool) {
	for _, key := range fileOnlyKeys() {
		if !yield(key) {
			return
		}
	}
	for _, f := range Flags() {
		if f.Key != "" && !yield(Key{f.Key, f.Kind, keySince(f), f.Removed, refusedInFile(f), f.Instead}) {
			return
		}
	}
}

// fileOnlyKeys are the keys for which dockerd has no flag. Not among them: keys that the
// configuration struct names but that fail as "directives don't match any configuration option",
// because they have neither a flag nor an exception (default-init, resolv-conf, swarm-raft-*,
// containerd-plugin-namespace).
func fileOnlyKeys() []Key {
	return []Key{
		{Name: "builder", Kind: Free},
		{Name: "deprecated-key-path", Kind: Text, Removed: "24.0", Instead: "leave it out: engines have no libtrust key any more"},
		{Name: "extension-config", Kind: Free, Since: "29"},
		{Name: "host-gateway-ips", Kind: IPs, Since: "28.0"},
		{Name: "min-api-version", Kind: Text, Since: "29.0"},
	}
}

// refusedInFile says why the extension does not take a flag's key, or nothing. For --host, some
// values of the flag are harmless; the key never is, because the packaged unit passes -H fd://.
func refusedInFile(f Flag) string {
	if f.Key == "hosts" {
		return refusedUnit
	}
	return f.Refused
}

// keySince is the release of the key, which for features is older than the flag's.
func keySince(f Flag) string {
	if f.Key == "features" {
		return ""
	}
	return f.Since
}

// Since gives the first release that knows a key of daemon.json, such as "23.0"; empty if 20.10 and
// all after it do, or if no release does. An older engine refuses to start with the key.
func Since(key string) string {
	found, _ := findKey(key)
	return found.Since
}

// findKey gives the key of that name and whether there is one.
func findKey(name string) (Key, bool) {
	for k := range allKeys {
		if k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

// gone is a value of a key that newer engines refuse to start with.
type gone struct {
	key, value string
	removed    string // the release that dropped it
	instead    string // hint
}

// goneValues are the removed drivers of docker/cli docs/deprecated.md.
func goneValues() []gone {
	const overlay = "use overlay2, or leave it out and let the engine choose"
	return []gone{
		{"storage-driver", "aufs", "24.0", overlay},
		{"storage-driver", "overlay", "24.0", overlay},
		{"storage-driver", "devicemapper", "25.0", overlay},
		{"log-driver", "logentries", "25.0", "use another log driver, such as syslog"},
	}
}

// choices gives the values that every engine takes, from 20.10 to 29, for a key that takes few; none for
// any other key.
func choices(key string) []string {
	switch key {
	case "log-level":
		// Validate of moby daemon/config/config.go knows two more than the help does. Engines up to 24.0 take
		// "warning" as well.
		return []string{"debug", "info", "warn", "error", "fatal", "panic", "trace"}
	case "log-format":
		return []string{"text", "json"}
	case "default-ipc-mode":
		return []string{"private", "shareable"}
	case "default-cgroupns-mode":
		return []string{"private", "host"}
	case "firewall-backend":
		return []string{"iptables", "nftables"}
	default:
		return nil
	}
}
