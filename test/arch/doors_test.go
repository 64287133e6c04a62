package arch

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestDoors holds what keeps settings from becoming commands, and writes from going astray: few places
// start a process, none asks a shell to, and only one room writes to the host.
func TestDoors(t *testing.T) {
	for _, s := range sources(t) {
		if !s.product() {
			continue
		}
		for _, finding := range slices.Concat(processes(s), shells(s), writes(s)) {
			t.Error(finding)
		}
	}
}

// processes finds what starts a process outside of the rooms that are there for it.
func processes(s source) []string {
	starts := []string{"exec.Command", "exec.CommandContext", "os.StartProcess", "syscall.Exec", "syscall.ForkExec", "syscall.StartProcess"}
	// enable puts a newer version of the program in its own place.
	allowed := []string{"internal/host/command", "internal/host/openssl", "enable"}
	return misplaced(s, starts, allowed, "processes are started by host/command")
}

// writes finds what changes files past internal/host/files, where links and modes are seen to.
func writes(s source) []string {
	changes := []string{"os.WriteFile", "os.Create", "os.CreateTemp", "os.OpenFile", "os.Rename", "os.Remove", "os.RemoveAll", "os.Mkdir",
		"os.MkdirAll", "os.MkdirTemp", "os.Symlink", "os.Link", "os.Chmod", "os.Chown", "os.Lchown", "os.Chtimes", "os.Truncate"}
	// The tools that make documents and zips run on a developer's machine.
	allowed := []string{"internal/host/files", "internal/build", "cmd/docs", "cmd/pack", "cmd/release"}
	return misplaced(s, changes, allowed, "files are changed by host/files")
}

func misplaced(s source, functions, allowed []string, why string) (findings []string) {
	if anyWithin(s.dir(), allowed) {
		return nil
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && slices.Contains(functions, callee(call)) {
			findings = append(findings, s.at(call)+": "+callee(call)+": "+why)
		}
		return true
	})
	return findings
}

// shells finds the words with which a program is asked to read text as commands.
func shells(s source) (findings []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		text, err := strconv.Unquote(literal.Value)
		word := text[strings.LastIndexByte(text, '/')+1:]
		if err == nil && slices.Contains([]string{"sh", "bash", "dash", "env", "-c", "eval", "xargs"}, word) {
			findings = append(findings, s.at(literal)+": "+literal.Value+": no shell between settings and a program")
		}
		return true
	})
	return findings
}

func TestDoorsAreFound(t *testing.T) {
	bad := parse(t, `package p
func f() { exec.Command("/bin/sh", "-c", x); os.StartProcess(a, b, c); os.WriteFile(a, b, 0); os.Rename(a, b) }
`)
	if found := slices.Concat(processes(bad), shells(bad), writes(bad)); len(found) != 6 {
		t.Errorf("found %d of 6:\n%s", len(found), strings.Join(found, "\n"))
	}
	good := parse(t, `package p
func f() { runner.Run(ctx, "apt-get"); root.Write(p, f); os.ReadFile(p); strings.Cut("publish", "flash") }
`)
	if found := slices.Concat(processes(good), shells(good), writes(good)); len(found) != 0 {
		t.Errorf("found in good code:\n%s", strings.Join(found, "\n"))
	}
}
