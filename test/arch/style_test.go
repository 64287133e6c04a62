package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"strings"
	"testing"
)

// How far things may grow. STYLE.md names the same numbers.
const (
	maxFileLines     = 350
	maxFunctionLines = 60
	maxComplexity    = 10 // McCabe's: one and the number of decisions
)

func TestSize(t *testing.T) {
	for _, s := range sources(t) {
		for _, finding := range oversize(s) {
			t.Error(finding)
		}
	}
}

func oversize(s source) (findings []string) {
	if n := s.set.File(s.file.Pos()).LineCount(); n > maxFileLines {
		findings = append(findings, fmt.Sprintf("%s: %d lines, at most %d", s.path, n, maxFileLines))
	}
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if n := s.lines(f); n > maxFunctionLines {
			findings = append(findings, fmt.Sprintf("%s: %s has %d lines, at most %d", s.at(f), f.Name.Name, n, maxFunctionLines))
		}
		if n := complexity(f); n > maxComplexity {
			findings = append(findings, fmt.Sprintf("%s: %s has complexity %d, at most %d", s.at(f), f.Name.Name, n, maxComplexity))
		}
	}
	return findings
}

func complexity(f *ast.FuncDecl) int {
	n := 1
	ast.Inspect(f, func(node ast.Node) bool {
		switch x := node.(type) {
		case *ast.IfStmt, *ast.ForStmt, *ast.RangeStmt:
			n++
		case *ast.CaseClause:
			if x.List != nil {
				n++
			}
		case *ast.CommClause:
			if x.Comm != nil {
				n++
			}
		case *ast.BinaryExpr:
			if x.Op == token.LAND || x.Op == token.LOR {
				n++
			}
		}
		return true
	})
	return n
}

func TestDocComments(t *testing.T) {
	packages := map[string]bool{} // folder -> has a package comment
	for _, s := range sources(t) {
		packages[s.dir()] = packages[s.dir()] || s.file.Doc != nil
		for _, finding := range undocumented(s) {
			t.Error(finding)
		}
	}
	for folder, documented := range packages {
		if !documented {
			t.Errorf("%s: no package comment", folder)
		}
	}
}

func undocumented(s source) (findings []string) {
	report := func(n *ast.Ident, docs ...*ast.CommentGroup) {
		for _, doc := range docs {
			if doc != nil {
				return
			}
		}
		if n.IsExported() {
			findings = append(findings, s.at(n)+": "+n.Name+" has no doc comment")
		}
	}
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if receiverIsExported(d) {
				report(d.Name, d.Doc)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					report(spec.Name, d.Doc, spec.Doc, spec.Comment)
				case *ast.ValueSpec:
					report(spec.Names[0], d.Doc, spec.Doc, spec.Comment)
				}
			}
		}
	}
	return findings
}

// receiverIsExported is true for functions too: a method of an unexported type is seen by nobody.
func receiverIsExported(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if name, ok := n.(*ast.Ident); ok {
			exported = name.IsExported()
			return false
		}
		return true
	})
	return exported
}

func TestStyleIsFound(t *testing.T) {
	long := parse(t, "package p\nfunc f() {"+strings.Repeat("\n", maxFileLines)+"}\n")
	if found := oversize(long); len(found) != 2 {
		t.Errorf("file and function are too long, found %q", found)
	}
	tangled := parse(t, "package p\nfunc f(a bool) {"+strings.Repeat("\nif a && a {}", 5)+"}\n")
	if found := oversize(tangled); len(found) != 1 {
		t.Errorf("the function is too complex, found %q", found)
	}
	silent := parse(t, "package p\nfunc F() {}\ntype T int\nfunc (t *T) M() {}\nconst C = 1\nfunc (t u) M() {}\n")
	if found := undocumented(silent); len(found) != 4 {
		t.Errorf("four names have no comment, found %q", found)
	}
}

// parse makes a source of a text.
func parse(t *testing.T, text string) source {
	t.Helper()
	set := token.NewFileSet()
	name := path.Join("internal", "example", "example.go")
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return source{path: name, file: file, set: set}
}
