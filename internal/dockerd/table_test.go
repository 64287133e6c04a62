package dockerd

import (
	"bufio"
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// printed is a line of testdata/flags-*.txt: what dockerd itself says about a flag.
type printed struct{ long, short, kind string }

func readPrinted(t *testing.T, file string) []printed {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var flags []printed
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if words := strings.Fields(lines.Text()); words[0] != "#" {
			flags = append(flags, printed{words[0], strings.Trim(words[1], "-"), words[2]})
		}
	}
	return flags
}

// kindsOf gives the kinds that the type names of dockerd --help can be.
func kindsOf(name string) []Kind {
	return map[string][]Kind{
		"bool": {Bool}, "int": {Int, Count}, "string": {Text, subnet, Proxies}, "ip": {IP}, "bytes": {Size},
		"list": {Texts, IPs, Labels, Mirrors, Registries, IP}, "ipSlice": {IPs}, "map": {Pairs, Switches}, "mapmap": {NestedPairs},
		"ulimit": {Ulimits}, "runtime": {Runtimes}, "pool-options": {Pools}, "nri-opts": {Interface},
	}[name]
}

// Every flag of these engines is in the table, with its shorthand and a kind that fits, and the
// table does not say that the release does not have it.
func TestTableKnowsEveryFlagOfEveryEngine(t *testing.T) {
	files, _ := filepath.Glob("testdata/flags-*.txt")
	if len(files) != 5 {
		t.Fatalf("found %d lists of flags, want 5", len(files))
	}
	for _, file := range files {
		version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "flags-"), ".txt")
		t.Run(version, func(t *testing.T) {
			flags := readPrinted(t, file)
			if len(flags) < 75 {
				t.Fatalf("only %d flags in %s", len(flags), file)
			}
			for _, want := range flags {
				i := slices.IndexFunc(Flags(), func(f Flag) bool { return f.Long == want.long })
				if i < 0 {
					t.Errorf("--%s is not in the table", want.long)
					continue
				}
				got := Flags()[i]
				if got.Short != want.short || !slices.Contains(kindsOf(want.kind), got.Kind) {
					t.Errorf("--%s: short %q, kind %v; dockerd says %q, %s", want.long, got.Short, got.Kind, want.short, want.kind)
				}
				if got.Since != "" && release(got.Since) > release(version) {
					t.Errorf("--%s is said to be new in %s, and %s has it", want.long, got.Since, version)
				}
			}
		})
	}
}

// A flag that no list has is there for its history only; one that a list lacks came later.
func TestTableHasNoInventedFlag(t *testing.T) {
	has := map[string][]printed{}
	for _, version := range []string{"20.10.24", "29"} {
		has[version] = readPrinted(t, "testdata/flags-"+version+".txt")
	}
	contains := func(version, long string) bool {
		return slices.ContainsFunc(has[version], func(p printed) bool { return p.long == long })
	}
	hidden := []string{"network-diagnostic-port", "restart", "graph", "cluster-store", "cluster-advertise", "cluster-store-opt", "help"}
	for _, f := range Flags() {
		old := f.Since == "" && (f.Removed == "" || release(f.Removed) > release("20.10"))
		if old && !contains("20.10.24", f.Long) && !slices.Contains(hidden, f.Long) {
			t.Errorf("--%s is said to be in 20.10, and is not", f.Long)
		}
		gone := f.Removed != "" || f.Long == "allow-nondistributable-artifacts"
		if gone == contains("29", f.Long) && f.Long != "help" {
			t.Errorf("--%s: removed %q, but 29 has it: %v", f.Long, f.Removed, !gone)
		}
	}
}

func TestTableIsSortedAndComplete(t *testing.T) {
	byLong := func(a, b Flag) int { return cmp.Compare(a.Long, b.Long) }
	if !slices.IsSortedFunc(Flags(), byLong) {
		t.Error("the flags are not sorted")
	}
	shorts := map[string]string{}
	for _, f := range Flags() {
		if f.Short != "" && shorts[f.Short] != "" {
			t.Errorf("-%s is both --%s and --%s", f.Short, f.Long, shorts[f.Short])
		}
		shorts[f.Short] = f.Long
		if (f.Removed != "" || f.Refused != "") && f.Instead == "" {
			t.Errorf("--%s is not taken, and there is no hint", f.Long)
		}
		if f.Key == "" && f.Removed == "" && f.Refused == "" {
			t.Errorf("--%s has no key and no reason", f.Long)
		}
	}
	for _, k := range Keys() {
		if (k.Removed != "" || k.Refused != "") && k.Instead == "" {
			t.Errorf("key %s is not taken, and there is no hint", k.Name)
		}
		if k.Kind == Nothing {
			t.Errorf("key %s has no kind", k.Name)
		}
	}
}

// release makes "20.10.24" comparable: 20.10 is 2010, 29 is 2900, 28.5.2 is 2805.
func release(version string) int {
	if version == "29" {
		return 2999 // the newest minor there is
	}
	number, part := 0, 0
	for i, field := range strings.Split(version, ".") {
		part = 0
		for _, digit := range field {
			part = part*10 + int(digit-'0')
		}
		if i < 2 {
			number = number*100 + part
		}
	}
	return number
}

func TestSince(t *testing.T) {
	for key, want := range map[string]string{
		"debug": "", "proxies": "23.0", "features": "", "min-api-version": "29.0", "no-such-key": "", "default-network-opts": "24.0",
	} {
		if got := Since(key); got != want {
			t.Errorf("Since(%q) = %q, want %q", key, got, want)
		}
	}
}

func TestReloadable(t *testing.T) {
	tests := []struct {
		key           string
		changed, gone bool
	}{
		{"labels", true, false},
		{"debug", true, false},
		{"live-restore", true, false},
		{"registry-mirrors", true, false},
		{"features", true, true},
		{"authorization-plugins", true, true},
		{"max-concurrent-downloads", true, true},
		{"log-driver", false, false},
		{"log-opts", false, false},
		{"log-level", false, false},
		{"dns", false, false},
		{"proxies", false, false},
		{"tlsverify", false, false},
		{"no-such-key", false, false},
	}
	for _, test := range tests {
		if Reloadable(test.key) != test.changed || DropReloadable(test.key) != test.gone {
			t.Errorf("%s: reloadable %v, when dropped %v; want %v, %v", test.key,
				Reloadable(test.key), DropReloadable(test.key), test.changed, test.gone)
		}
	}
}

// A name in the lists of reloadable keys that is no key would never be noticed otherwise.
func TestReloadableKeysExist(t *testing.T) {
	count := 0
	for _, k := range Keys() {
		if Reloadable(k.Name) {
			count++
		}
	}
	if count != 20 {
		t.Errorf("%d known keys are reloadable, want 20", count)
	}
}
