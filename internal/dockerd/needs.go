package dockerd

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Need is what is in a daemon.json and keeps an engine from starting that is older than a release.
type Need struct {
	What  string // such as "log-format"; no value is quoted
	Since string // the release, such as "25.0"
}

// Needs gives what in a daemon.json is too new for some engine of 20.10 or later, sorted by key. Of a text that is no
// daemon.json it gives nothing.
func Needs(content []byte) []Need {
	members, err := parseDocument(content)
	if err != nil {
		return nil
	}
	var all []Need
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if since := Since(name); since != "" {
			all = append(all, Need{name, since})
		} else if need := valueNeed(name, members[name]); need != (Need{}) {
			all = append(all, need)
		}
	}
	return all
}

// valueNeed gives what a value needs whose key is as old as 20.10.
func valueNeed(name string, value json.RawMessage) Need {
	switch {
	case name == "registry-mirrors" && hasMirrorPath(value):
		// moby pull requests 46594 for 25.0 and 46944 for 24.0, after 24.0.7.
		return Need{"a path in registry-mirrors", "24.0.8"}
	case name == "max-download-attempts" && equal(value, []byte("0")):
		// Validate of moby daemon/config/config.go.
		return Need{"0 for max-download-attempts", "23.0"}
	default:
		return Need{}
	}
}

func hasMirrorPath(value json.RawMessage) bool {
	var mirrors []string
	_ = json.Unmarshal(value, &mirrors)
	return slices.ContainsFunc(mirrors, func(mirror string) bool {
		address, err := url.Parse(mirror)
		return err == nil && strings.Trim(address.Path, "/") != ""
	})
}

// Impossible says why no engine starts with a daemon.json whose keys are each for themselves right: what
// CheckTogether sees in the settings, here with what a person has written beside them. A default-runtime that is not
// in the file is not among it: a drop-in of the unit may bring it by --add-runtime. Out: a plain fact and a hint;
// nothing if there is none.
func Impossible(content []byte) (problem, hint string) {
	members, err := parseDocument(content)
	if err != nil {
		return "", ""
	}
	if all := clashes(members); len(all) > 0 {
		return all[0].key + " " + all[0].problem, all[0].hint
	}
	return "", ""
}

// Older tells whether the version of an engine, such as "20.10.24+dfsg1", is before a release, such as "23.0". One
// that cannot be read ("dev", or the "0.0.0-..." of a build without a tag) is not.
func Older(version, release string) bool {
	have, want := numbers(version), numbers(release)
	return len(have) > 0 && have[0] > 0 && slices.Compare(have, want) < 0
}

// numbers gives those at the beginning of a version.
func numbers(version string) []int {
	var all []int
	for field := range strings.SplitSeq(version, ".") {
		digits := field[:len(field)-len(strings.TrimLeft(field, "0123456789"))]
		number, err := strconv.Atoi(digits)
		if err != nil {
			break
		}
		if all = append(all, number); digits != field {
			break
		}
	}
	return all
}
