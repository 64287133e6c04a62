package docs

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// page is one document.
type page struct {
	name    string // path from the root of the sources
	anchors map[string]bool
	links   []string
	blocks  []block
	spans   []string // code within text
}

// block is a fenced block.
type block struct {
	info string // what stands after the fence
	body string
	line int // of the body's beginning, from 1
}

// at names the block for a person.
func (p page) at(b block) string { return fmt.Sprintf("%s:%d", p.name, b.line) }

// pages reads every document below a folder.
func pages(root string) ([]page, error) {
	var all []page
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == ".git" || name == "dist"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".md":
			return nil
		}
		content, err := fs.ReadFile(os.DirFS(root), name)
		if err != nil {
			return err
		}
		all = append(all, parse(name, content))
		return nil
	})
	return all, err
}

// parse reads one document.
func parse(name string, source []byte) page {
	p := page{name: name, anchors: map[string]bool{}}
	document := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			p.take(n, source)
		}
		return ast.WalkContinue, nil
	})
	return p
}

func (p *page) take(n ast.Node, source []byte) {
	switch n := n.(type) {
	case *ast.Heading:
		p.addAnchor(plain(n, source))
	case *ast.Link:
		p.links = append(p.links, string(n.Destination))
	case *ast.Image:
		p.links = append(p.links, string(n.Destination))
	case *ast.CodeSpan:
		p.spans = append(p.spans, plain(n, source))
	case *ast.FencedCodeBlock:
		b := block{}
		if n.Info != nil {
			b.info = string(n.Info.Value(source))
		}
		if lines := n.Lines(); lines.Len() > 0 {
			b.line = 1 + strings.Count(string(source[:lines.At(0).Start]), "\n")
			b.body = string(lines.Value(source))
		}
		p.blocks = append(p.blocks, b)
	}
}

// addAnchor notes the anchor that a heading gets on the usual hosts of Git: lower case, without marks,
// hyphens for blanks, and a number if there are more of it.
func (p *page) addAnchor(heading string) {
	anchor := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
	anchor = strings.ReplaceAll(anchor, " ", "-")
	for i, first := 1, anchor; p.anchors[anchor]; i++ {
		anchor = fmt.Sprintf("%s-%d", first, i)
	}
	p.anchors[anchor] = true
}

// plain gives the text of a node without its marks.
func plain(n ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Value(source))
			if t.SoftLineBreak() {
				b.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
