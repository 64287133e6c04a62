package dockerd

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"
)

// discord says why dockerd would not take members that are each for themselves right; nothing if it does.
func discord(kind Kind, object map[string]any) (problem, hint string) {
	switch kind {
	case Runtimes:
		if _, there := object[stockRuntime]; there {
			return "names the runtime runc, which is the engine's own", "leave it out, or give it another name"
		}
		return "", ""
	case runtime:
		return runtimeProblem(scalar(object, "path"), scalar(object, "runtimeType"))
	case pool:
		return poolProblem(scalar(object, "base"), scalar(object, "size"))
	default:
		return "", ""
	}
}

// stockRuntime is a name that no engine lets anybody else have: Validate of moby daemon/config/config.go, and in
// later releases setupRuntimes of daemon/runtime_unix.go, at which --validate does not look (26.1, 28.5).
const stockRuntime = "runc"

// runtimeProblem follows setupRuntimes, too. Engines before 24.0 know no runtimeType: they start, but no container
// with such a runtime does.
func runtimeProblem(path, kind string) (problem, hint string) {
	switch {
	case path != "" && kind != "":
		return "has both a path and a runtimeType", "leave one of the two out"
	case path == "" && kind == "":
		return "has neither a path nor a runtimeType", "add one of the two"
	default:
		return "", ""
	}
}

// poolProblem follows SplitNetworks of moby libnetwork/ipamutils/utils.go, and in later releases splitByIPFamily of
// libnetwork/ipams/defaultipam/allocator.go: what they refuse keeps the engine from starting.
func poolProblem(base, size string) (problem, hint string) {
	const prefix = "size is the length of a network's prefix, such as 24: write one that is at least as long as the base's"
	network, err := netip.ParsePrefix(base)
	bits, wrong := strconv.Atoi(size)
	switch {
	case err != nil || wrong != nil:
		return "", "" // fit has told
	case bits == 0:
		return "has a size of 0", prefix
	case bits < network.Bits():
		return "has networks that are larger than its base", prefix
	default:
		return "", ""
	}
}

// scalar gives a string or a number in an object as text; "" if there is none. Its name may be in any case.
func scalar(object map[string]any, name string) string {
	for other, value := range object {
		text, _ := value.(string)
		if number, ok := value.(json.Number); ok {
			text = number.String()
		}
		if text != "" && strings.EqualFold(other, name) {
			return text
		}
	}
	return ""
}
