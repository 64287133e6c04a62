package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
)

const (
	root   = "../.." // of the sources, seen from this package
	module = "docker-extension/"
)

// source is one Go file that is not a test.
type source struct {
	path string // from the root, with slashes
	file *ast.File
	set  *token.FileSet
}

// dir gives the package's folder; "." never occurs here, since the root holds no Go file.
func (s source) dir() string { return path.Dir(s.path) }

// product tells the extension's own code from what tests it.
func (s source) product() bool { return !within(s.path, "test") }

// at gives "path:line" of a node.
func (s source) at(n ast.Node) string {
	p := s.set.Position(n.Pos())
	p.Filename = s.path
	p.Column = 0
	return p.String()
}

// lines gives the number of lines that a node takes.
func (s source) lines(n ast.Node) int {
	return s.set.Position(n.End()).Line - s.set.Position(n.Pos()).Line + 1
}

// sources parses every Go file of the module that is not a test.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	for _, name := range files(t) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || within(name, "tools") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path.Join(root, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, source{path: name, file: file, set: set})
	}
	if len(all) == 0 {
		t.Fatal("found no sources")
	}
	return all
}

// files lists every file under the root, without the history and what the Makefile makes.
func files(t *testing.T) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || name == "dist"):
			return fs.SkipDir
		case d.Type().IsRegular():
			all = append(all, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// within tells whether a path is a folder or lies in it.
func within(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}
