package dockerd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// part is what one use of a flag says: a scalar or a list item (no path), or the member of an
// object at path.
type part struct {
	path  []string
	value any
}

// ulimitValue and the like are the JSON forms of values that a flag packs into one string. They are
// comparable, so that a repeated flag can be told from a contradiction.
type ulimitValue struct {
	Name string
	Hard int64
	Soft int64
}

type poolValue struct {
	Base string `json:"base"`
	Size int    `json:"size"`
}

// read turns the text after a flag into its parts. The error is a plain fact about the value that
// does not quote it, since some options hold credentials.
func read(flag Flag, text string) ([]part, error) {
	if text == "" {
		return nil, errEmpty
	}
	switch flag.Kind {
	case Bool:
		return readBool(text)
	case Int, Count:
		return readNumber(text)
	case IPs:
		return readIPs(text), nil
	case Proxies:
		return []part{{[]string{flag.Long}, text}}, nil
	case Pools:
		return readPool(text)
	}
	if flag.Kind.isObject() {
		return readMember(flag.Kind, text)
	}
	return []part{{nil, text}}, nil
}

// readMember reads the kinds that are written name=something.
func readMember(kind Kind, text string) ([]part, error) {
	if kind == Interface {
		return readInterface(text)
	}
	name, value, given := strings.Cut(text, "=")
	switch {
	case name == "":
		return nil, errors.New("has no name before the =")
	case kind == Switches && !given:
		return []part{{[]string{name}, true}}, nil
	case !given:
		return nil, errors.New("has no = in it")
	case kind == Switches:
		return readSwitch(name, value)
	case kind == NestedPairs:
		return readNested(name, value)
	case kind == Ulimits:
		return readUlimit(name, value)
	case kind == Runtimes:
		return readRuntime(name, value)
	default:
		return []part{{[]string{name}, value}}, nil
	}
}

func readBool(text string) ([]part, error) {
	value, err := strconv.ParseBool(text)
	if err != nil {
		return nil, errors.New("is neither true nor false")
	}
	return []part{{nil, value}}, nil
}

func readNumber(text string) ([]part, error) {
	value, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		return nil, errors.New("is not a whole number")
	}
	return []part{{nil, value}}, nil
}

// readIPs takes a list with commas apart: dockerd 25 to 28 read --dns so, no other release does.
func readIPs(text string) []part {
	var parts []part
	for ip := range strings.SplitSeq(text, ",") {
		parts = append(parts, part{nil, strings.TrimSpace(ip)})
	}
	return parts
}

func readSwitch(name, value string) ([]part, error) {
	on, err := strconv.ParseBool(value)
	if err != nil {
		return nil, errors.New("is neither true nor false after the =")
	}
	return []part{{[]string{name}, on}}, nil
}

func readNested(driver, rest string) ([]part, error) {
	name, value, given := strings.Cut(rest, "=")
	if !given || name == "" {
		return nil, errors.New("is not network-driver=option=value")
	}
	return []part{{[]string{driver, name}, value}}, nil
}

// readRuntime follows moby opts/runtime.go: names are lower case, and runc is reserved.
func readRuntime(name, path string) ([]part, error) {
	name, path = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(path)
	if name == "" || path == "" {
		return nil, errors.New("is not name=path")
	}
	if name == stockRuntime {
		return nil, errors.New("names the runtime runc, which is the engine's own")
	}
	return []part{{[]string{name, "path"}, path}}, nil
}

// readUlimit follows docker/go-units: name=soft[:hard], and soft is not above hard (-1 = no limit).
func readUlimit(name, limits string) ([]part, error) {
	softText, hardText, both := strings.Cut(limits, ":")
	soft, err := strconv.ParseInt(softText, 10, 64)
	if err != nil {
		return nil, errors.New("is not name=soft:hard with whole numbers")
	}
	hard := soft
	if both {
		if hard, err = strconv.ParseInt(hardText, 10, 64); err != nil {
			return nil, errors.New("is not name=soft:hard with whole numbers")
		}
	}
	if hard != -1 && (soft > hard || soft == -1) {
		return nil, errors.New("has a soft limit above its hard limit")
	}
	return []part{{[]string{name}, ulimitValue{name, hard, soft}}}, nil
}

func readPool(text string) ([]part, error) {
	var pool poolValue
	for field := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(field, "=")
		switch strings.ToLower(name) {
		case "base":
			pool.Base = value
		case "size":
			size, err := strconv.Atoi(value)
			if err != nil {
				return nil, errors.New("has a size that is not a whole number")
			}
			pool.Size = size
		default:
			return nil, errors.New("is not base=subnet,size=bits")
		}
	}
	if pool.Base == "" || pool.Size == 0 {
		return nil, errors.New("is not base=subnet,size=bits")
	}
	return []part{{nil, pool}}, nil
}

func readInterface(text string) ([]part, error) {
	known, _ := Interface.members()
	var parts []part
	for field := range strings.SplitSeq(text, ",") {
		name, value, given := strings.Cut(field, "=")
		var member any = value
		switch kind, ok := known[name]; {
		case !ok:
			return nil, fmt.Errorf("has a part that is none of %s", listed(known))
		case kind == Bool && !given:
			member = true
		case kind == Bool:
			on, err := strconv.ParseBool(value)
			if err != nil {
				return nil, errors.New("has an enable that is neither true nor false")
			}
			member = on
		}
		parts = append(parts, part{[]string{name}, member})
	}
	return parts, nil
}
