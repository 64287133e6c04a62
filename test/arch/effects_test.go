package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// TestNoHiddenEffects keeps out of the product what acts behind its reader's back: package state,
// work at import, a process that ends in the middle of a function, waiting by the clock.
func TestNoHiddenEffects(t *testing.T) {
	for _, s := range sources(t) {
		if !s.product() {
			continue
		}
		for _, finding := range slices.Concat(inits(s), variables(s), calls(s)) {
			t.Error(finding)
		}
	}
}

func inits(s source) (findings []string) {
	for _, d := range s.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
			findings = append(findings, s.at(f)+": func init works at import; call it from main")
		}
	}
	return findings
}

// variables finds package variables that are, or may become, more than a constant.
func variables(s source) (findings []string) {
	for _, d := range s.file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if !embedded(g, v) && !constant(v) && !linked(s, v) {
				findings = append(findings, fmt.Sprintf("%s: package variable %s; make it a function or pass it in",
					s.at(v), v.Names[0].Name))
			}
		}
	}
	return findings
}

func embedded(g *ast.GenDecl, v *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{g.Doc, v.Doc} {
		if doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool {
			return strings.HasPrefix(c.Text, "//go:embed ")
		}) {
			return true
		}
	}
	return false
}

// constant tells whether a variable is one by the language only: an error to compare with, a
// compiled expression, or a proof that a type has an interface.
func constant(v *ast.ValueSpec) bool {
	if v.Names[0].Name == "_" {
		return true
	}
	if len(v.Values) == 0 {
		return false
	}
	return !slices.ContainsFunc(v.Values, func(value ast.Expr) bool {
		call, ok := value.(*ast.CallExpr)
		return !ok || !slices.Contains([]string{"errors.New", "regexp.MustCompile"}, callee(call))
	})
}

// linked tells whether a variable is the version, which the linker sets.
func linked(s source, v *ast.ValueSpec) bool {
	return within(s.path, "cmd") && len(v.Names) == 1 && v.Names[0].Name == "version"
}

func calls(s source) (findings []string) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		name := callee(call)
		_, method, _ := strings.Cut(name, ".")
		switch {
		case name == "os.Exit" && within(s.path, "cmd"):
		case name == "os.Exit" || strings.HasPrefix(method, "Fatal"):
			findings = append(findings, s.at(call)+": "+name+" ends the process; return an error, only cmd/ exits")
		case name == "panic" || strings.HasPrefix(method, "Panic"):
			findings = append(findings, s.at(call)+": "+name+"; return an error")
		case name == "time.Sleep":
			findings = append(findings, s.at(call)+": time.Sleep; wait for the thing itself, with a context")
		}
		return true
	})
	return findings
}

// callee gives "name" or "qualifier.name" of what is called; "" for anything longer.
func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			return x.Name + "." + f.Sel.Name
		}
	}
	return ""
}

func TestEffectsAreFound(t *testing.T) {
	bad := parse(t, `package p
func init() {}
var table = map[string]int{}
var count, total int
func f() { os.Exit(1); log.Fatalf("x"); panic("x"); time.Sleep(1) }
`)
	if found := slices.Concat(inits(bad), variables(bad), calls(bad)); len(found) != 7 {
		t.Errorf("found %d of 7:\n%s", len(found), strings.Join(found, "\n"))
	}
	good := parse(t, `package p
var errGone = errors.New("gone")
var number = regexp.MustCompile("[0-9]+")
var _ error = (*T)(nil)
//go:embed schema.json
var schema []byte
func (t T) init() { fmt.Println() }
`)
	if found := slices.Concat(inits(good), variables(good), calls(good)); len(found) != 0 {
		t.Errorf("found in good code:\n%s", strings.Join(found, "\n"))
	}
}
