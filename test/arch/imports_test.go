package arch

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// room is a folder of the house, and what its packages may import of the other rooms.
type room struct {
	folder string
	may    []string // folders; everything in them is allowed
	pure   bool     // decides only: has no way to touch the machine
}

// rooms is the house from the roof down; docs/architecture.md tells its story. An arrow that is not
// here is not allowed, and neither is a room that is not here.
func rooms() []room {
	nouns := []string{"internal/fault", "internal/secret", "internal/state"}
	hands := append([]string{"internal/oplog", "internal/patience"}, nouns...)
	verb := append([]string{
		"handler", "internal/settings", "internal/cms", "internal/dockerd", "internal/project", "internal/registry", "internal/engine", "internal/converge", "internal/host",
		"internal/machine",
	}, hands...)
	return []room{
		{folder: "cmd/docker-extension", may: append([]string{"cli", "install", "enable", "disable", "uninstall"}, verb...)},
		{folder: "cmd/docs", may: []string{"cli", "internal/reference", "internal/settings"}},
		{folder: "cmd/pack", may: []string{"internal/build"}},
		{folder: "cmd/release", may: []string{"internal/build"}},

		// What persons call. The commands on a VM decide as enable does, and do nothing.
		{folder: "cli", may: append([]string{"enable", "internal/bundle", "internal/lists", "internal/pki", "internal/preview"}, verb...)},

		{folder: "install", may: verb},
		{folder: "enable", may: append([]string{"install"}, verb...)},
		{folder: "disable", may: append([]string{"enable"}, verb...)},
		{folder: "uninstall", may: append([]string{"install", "enable", "disable"}, verb...)},

		// Where the hands meet the interfaces that converge declares.
		{folder: "internal/machine", may: append([]string{"internal/converge", "internal/engine", "internal/project", "internal/registry", "internal/host"}, hands...)},

		// The agent's contract; it knows no Docker.
		{folder: "handler", may: append([]string{"internal/settings", "internal/cms", "internal/host/files"}, hands...)},

		// Order of steps. It has no hands: what it needs of the host it declares as interfaces.
		{folder: "internal/converge", may: []string{"internal/fault", "internal/lists", "internal/state", "internal/oplog", "internal/patience"}},

		// Decisions.
		{folder: "internal/engine", may: append([]string{"internal/settings", "internal/dockerd", "internal/keyring", "internal/lists", "internal/project", "internal/registry"}, nouns...), pure: true},
		{folder: "internal/settings", may: append([]string{"internal/cms", "internal/dockerd", "internal/keyring", "internal/nearest", "internal/project", "internal/registry"}, nouns...), pure: true},
		{folder: "internal/cms", may: nouns, pure: true},
		{folder: "internal/bundle", may: nouns, pure: true},
		{folder: "internal/pki", may: nouns, pure: true},
		{folder: "internal/preview", may: append([]string{"internal/converge"}, nouns...), pure: true},
		{folder: "internal/keyring", may: nouns, pure: true},
		{folder: "internal/dockerd", may: append([]string{"internal/nearest"}, nouns...), pure: true},
		{folder: "internal/project", may: nouns, pure: true},
		{folder: "internal/registry", may: nouns, pure: true},

		// Hands.
		{folder: "internal/host", may: append([]string{"internal/dockerd", "internal/keyring", "internal/lists"}, hands...)},

		// Vocabulary. The log has one hand: it writes its file.
		{folder: "internal/oplog", may: []string{"internal/fault", "internal/secret", "internal/host/files"}},
		{folder: "internal/state", may: []string{"internal/fault", "internal/secret"}, pure: true},
		{folder: "internal/secret", pure: true},
		{folder: "internal/fault", pure: true},
		{folder: "internal/lists", pure: true},
		{folder: "internal/nearest", pure: true},

		// How a step waits.
		{folder: "internal/patience", may: []string{"internal/fault"}, pure: true},

		// The writer of docs/; no part of the extension.
		{folder: "internal/reference", pure: true},

		// The packer; no part of the extension.
		{folder: "internal/build"},
	}
}

// touching lists the packages through which a program touches its machine.
func touching() []string {
	return []string{
		"os", "net", "syscall", "log/syslog", "golang.org/x/sys",
		"github.com/coreos/go-systemd", "github.com/godbus/dbus", "github.com/fsnotify/fsnotify",
		"github.com/google/renameio", "github.com/gofrs/flock",
	}
}

// harmless lists the exceptions: they only calculate. Of net itself that is true of its parsers alone.
func harmless() []string { return []string{"net", "net/netip", "net/url", "net/mail"} }

func parsers() []string {
	return []string{"IP", "IPNet", "ParseIP", "ParseCIDR", "ParseMAC", "SplitHostPort", "JoinHostPort"}
}

func TestImportsPointDown(t *testing.T) {
	for _, s := range sources(t) {
		if !s.product() {
			continue
		}
		own, ok := roomOf(s.dir())
		if !ok {
			t.Errorf("%s: no rule for this room; add it to rooms()", s.path)
			continue
		}
		for _, spec := range s.file.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if why := own.forbids(target); why != "" {
				t.Errorf("%s: %s must not import %s: %s", s.at(spec), own.folder, target, why)
			}
		}
		if own.pure {
			for _, use := range networking(s) {
				t.Error(use)
			}
		}
	}
}

// networking finds what a source takes of package net other than its parsers.
func networking(s source) (findings []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		x, ok := selector.X.(*ast.Ident)
		if ok && x.Name == "net" && !slices.Contains(parsers(), selector.Sel.Name) {
			findings = append(findings, s.at(selector)+": net."+selector.Sel.Name+": this room only decides")
		}
		return true
	})
	return findings
}

// TestImportRules proves that the rules can say no.
func TestImportRules(t *testing.T) {
	tests := []struct {
		from, to string
		allowed  bool
	}{
		{"enable", module + "internal/host/apt", true},
		{"enable", module + "disable", false},
		{"enable", module + "cli/person", false},
		{"cli/vm", module + "enable", true},
		{"cli/vm", module + "disable", false},
		{"uninstall", module + "disable", true},
		{"handler", module + "enable", false},
		{"handler", module + "internal/engine", false},
		{"internal/engine", "os", false},
		{"internal/engine", "os/exec", false},
		{"internal/engine", "net/http", false},
		{"internal/engine", "net/netip", true},
		{"internal/engine", module + "internal/host/files", false},
		{"internal/converge", module + "internal/engine", false},
		{"internal/host/apt", module + "internal/host/command", true},
		{"internal/host/apt", module + "internal/converge", false},
		{"internal/settings/schema", module + "internal/settings", true},
		{"internal/fault", module + "test/vm", false},
	}
	for _, test := range tests {
		own, ok := roomOf(test.from)
		if !ok {
			t.Fatalf("no room for %s", test.from)
		}
		if why := own.forbids(test.to); (why == "") != test.allowed {
			t.Errorf("%s -> %s: %q", test.from, test.to, why)
		}
	}
	if _, ok := roomOf("internal/unheard-of"); ok {
		t.Error("a room without a rule was found")
	}
	source := parse(t, "package p\nfunc f() { net.SplitHostPort(a); net.Dial(b, c) }\n")
	if found := networking(source); len(found) != 1 {
		t.Errorf("one of two calls dials, found %q", found)
	}
}

func roomOf(dir string) (room, bool) {
	all := rooms()
	i := slices.IndexFunc(all, func(r room) bool { return within(dir, r.folder) })
	if i < 0 {
		return room{}, false
	}
	return all[i], true
}

// forbids says why a room may not import a package; "" if it may.
func (r room) forbids(target string) string {
	own, ours := strings.CutPrefix(target, module)
	switch {
	case ours && !within(own, r.folder) && !anyWithin(own, r.may):
		return "arrows point down"
	case !ours && r.pure && anyWithin(target, touching()) && !slices.Contains(harmless(), target):
		return "this room only decides"
	}
	return ""
}

func anyWithin(name string, folders []string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool { return within(name, folder) })
}
