package dockerd

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"docker-extension/internal/fault"
)

// misfit is a part of a value that is not what dockerd decodes or accepts.
type misfit struct {
	at      string // path within the value, such as ".max-file" or "[2]"; empty for the value itself
	problem string // plain fact
	hint    string
}

// hintFor gives the hint as one would follow it on the command line.
func (m misfit) hintFor(flag Flag) string {
	if m.hint != "" {
		return m.hint
	}
	return fmt.Sprintf("write it like --%s=%s", flag.Long, flag.Kind.example())
}

// hintInFile gives the hint as one would follow it in the file: what is not a string should be one.
func (m misfit) hintInFile() string {
	wanted, told := strings.CutPrefix(m.problem, "is not ")
	switch {
	case m.hint != "":
		return m.hint
	case told:
		return "write " + wanted
	default:
		return "correct the value"
	}
}

// misfits gives everything in the value of a key that does not fit its kind.
func misfits(kind Kind, key string, value json.RawMessage) []misfit {
	decoded, err := decode(value)
	if err != nil {
		return []misfit{{problem: "is not JSON"}}
	}
	return fit(kind, key, decoded, "")
}

// elementOf is the kind of a single value: a list's item, or the kind itself.
func elementOf(kind Kind) Kind {
	if kind.isList() {
		return kind.element()
	}
	return kind
}

func fit(kind Kind, key string, value any, at string) []misfit {
	switch v := value.(type) {
	case nil:
		return []misfit{{at, "is null", "leave it out, or write " + kind.String()}}
	case []any:
		if kind.isList() {
			return fitList(kind, key, v, at)
		}
	case map[string]any:
		if kind.isObject() {
			return fitObject(kind, key, v, at)
		}
	case string:
		return fitText(kind, key, v, at)
	case json.Number:
		return fitNumber(kind, v, at)
	case bool:
		if kind == Bool {
			return nil
		}
	}
	return wrongType(kind, at)
}

func wrongType(kind Kind, at string) []misfit {
	return []misfit{{at, "is not " + kind.String(), ""}}
}

func fitList(kind Kind, key string, items []any, at string) []misfit {
	var wrong []misfit
	labels := map[string]string{} // by their keys
	for i, item := range items {
		inside := fmt.Sprintf("%s[%d]", at, i)
		wrong = append(wrong, fit(kind.element(), key, item, inside)...)
		text, ok := item.(string)
		if !ok || kind != Labels {
			continue
		}
		name := labelKey(text)
		if old, again := labels[name]; again && old != text {
			wrong = append(wrong, misfit{inside, "gives one label a second value", "give each label once"})
		}
		labels[name] = text
	}
	return wrong
}

func fitObject(kind Kind, key string, object map[string]any, at string) []misfit {
	known, needed := kind.members()
	var wrong []misfit
	for _, name := range slices.Sorted(maps.Keys(object)) {
		inside := fault.Member(at, name)
		member, ok := known[memberName(known, name)]
		switch {
		case known == nil && kind != Free:
			wrong = append(wrong, fit(kind.element(), key, object[name], inside)...)
		case ok:
			wrong = append(wrong, fit(member, key, object[name], inside)...)
		case kind != Free:
			wrong = append(wrong, misfit{inside, "is not known here", "use one of " + listed(known)})
		}
		needed = slices.DeleteFunc(slices.Clone(needed), func(n string) bool { return strings.EqualFold(n, name) })
	}
	if len(needed) > 0 {
		wrong = append(wrong, misfit{at, "is incomplete", "add " + strings.Join(needed, ", ")})
	}
	if problem, hint := discord(kind, object); problem != "" && len(wrong) == 0 {
		wrong = append(wrong, misfit{at, problem, hint})
	}
	return wrong
}

// memberName finds the member that encoding/json, which dockerd decodes with, takes a name for: it
// does not look at the case.
func memberName(known map[string]Kind, name string) string {
	for candidate := range known {
		if strings.EqualFold(candidate, name) {
			return candidate
		}
	}
	return name
}

func fitNumber(kind Kind, number json.Number, at string) []misfit {
	value, err := strconv.ParseInt(number.String(), 10, 64)
	switch {
	case kind == Int && err == nil, kind == Count && err == nil && value >= 0:
		return nil
	case kind == Text || kind == Size:
		return []misfit{{at, "is a number, and dockerd wants " + kind.String(), "put it in quotes"}}
	default:
		return wrongType(kind, at)
	}
}

func fitText(kind Kind, key, text, at string) []misfit {
	if kind == Text && key == "exec-opts" {
		return fitDriver(text, at)
	}
	if kind == Text {
		return fitChoice(key, text, at)
	}
	if problem := textProblem(kind, text); problem != "" {
		return []misfit{{at, problem, ""}}
	}
	return nil
}

// textProblem says why dockerd would not take a string for a kind; nothing if it does.
func textProblem(kind Kind, text string) string {
	ok := false
	switch kind {
	case IP:
		_, err := netip.ParseAddr(text)
		ok = err == nil
	case subnet:
		_, err := netip.ParsePrefix(text)
		ok = err == nil
	case Size:
		ok = isSize(text)
	case label:
		return labelProblem(text)
	case mirror:
		return mirrorProblem(text)
	case host:
		ok = isRegistry(text)
	}
	if !ok {
		return "is not " + kind.String()
	}
	return ""
}

// isSize follows docker/go-units RAMInBytes.
func isSize(text string) bool {
	return regexp.MustCompile(`^\d+(\.\d+)? ?([kKmMgGtTpP]?[iI]?[bB]?)$`).MatchString(text)
}

// labelProblem follows moby opts.ValidateLabel.
func labelProblem(text string) string {
	if !strings.Contains(text, "=") {
		return "is not key=value"
	}
	for _, reserved := range []string{"com.docker.", "io.docker.", "org.dockerproject."} {
		if strings.HasPrefix(strings.ToLower(text), reserved) {
			return fmt.Sprintf("is in the namespace %s*, which Docker keeps for itself", reserved)
		}
	}
	return ""
}

// mirrorProblem follows moby registry.ValidateMirror.
func mirrorProblem(text string) string {
	address, err := url.Parse(text)
	switch {
	case err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "":
		return "is not an http or https URL"
	case address.User != nil:
		return "has a user or password in it, and dockerd takes none"
	case address.RawQuery != "" || address.Fragment != "":
		return "has a query or fragment in it, and dockerd takes none"
	default:
		return ""
	}
}

// isRegistry follows moby registry/config.go, loadInsecureRegistries and validateHostPort: http:// and https://
// are cut off, with a warning.
func isRegistry(text string) bool {
	if scheme, rest, found := strings.Cut(text, "://"); found {
		if scheme = strings.ToLower(scheme); scheme != "http" && scheme != "https" {
			return false
		}
		text = rest
	}
	if _, _, err := net.ParseCIDR(text); err == nil {
		return true
	}
	name, port, err := net.SplitHostPort(text)
	if err != nil {
		name, port = text, ""
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return (port == "" || err == nil) && (net.ParseIP(name) != nil || isHostPort(text))
}

// isHostPort is the DomainRegexp of distribution/reference regexp.go, newer releases of which take an IPv6
// address in brackets.
func isHostPort(text string) bool {
	const label = `([a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])`
	return regexp.MustCompile(`^(` + label + `(\.` + label + `)*|\[[a-fA-F0-9:]+\])(:[0-9]+)?$`).MatchString(text)
}

// fitDriver follows verifyCgroupDriver of moby daemon/daemon_unix.go. Of other names of exec-opts engines
// of different releases think differently.
func fitDriver(option, at string) []misfit {
	switch driver, _ := namedDriver(option); driver {
	case "", "cgroupfs", "systemd":
		return nil
	default:
		return []misfit{{at, "names a cgroup driver that is neither cgroupfs nor systemd", "write native.cgroupdriver=systemd, or leave it out"}}
	}
}

// namedDriver gives the cgroup driver that one of exec-opts names, and whether it is about that.
func namedDriver(option string) (driver string, named bool) {
	name, driver, given := strings.Cut(option, "=")
	if !given || !strings.EqualFold(strings.TrimSpace(name), "native.cgroupdriver") {
		return "", false
	}
	return strings.TrimSpace(driver), true
}

// fitChoice checks a string of a key that has few good values, or some that were removed.
func fitChoice(key, text, at string) []misfit {
	if at != "" {
		return nil // a member or an item: only keys have choices
	}
	for _, g := range goneValues() {
		if g.key == key && g.value == text {
			return []misfit{{at, fmt.Sprintf("is %q, which was removed in Docker %s", text, g.removed), g.instead}}
		}
	}
	if key == "log-level" {
		text = strings.ToLower(text) // as every engine does, for this key alone
	}
	if good := choices(key); good != nil && !slices.Contains(good, text) {
		return []misfit{{at, "is none of " + strings.Join(good, ", "), "use one of them"}}
	}
	return nil
}

// labelKey is what is before the = of a label.
func labelKey(item any) string {
	text, _ := item.(string)
	key, _, _ := strings.Cut(text, "=")
	return key
}

// listed gives the names of members in one line.
func listed(known map[string]Kind) string {
	return strings.Join(slices.Sorted(maps.Keys(known)), ", ")
}
