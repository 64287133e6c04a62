package docs

import (
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.." // of the sources, seen from this package

func read(t *testing.T) []page {
	t.Helper()
	all, err := pages(root)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10 {
		t.Fatalf("found %d documents", len(all))
	}
	return all
}

// TestLinks follows every link that does not leave the project: to a file or a folder, and to a heading.
func TestLinks(t *testing.T) {
	all := map[string]page{}
	for _, p := range read(t) {
		all[p.name] = p
	}
	for _, p := range all {
		for _, link := range p.links {
			if problem := p.follow(link, all); problem != "" {
				t.Errorf("%s: the link %s %s", p.name, link, problem)
			}
		}
	}
}

// follow tells what is wrong with a link.
func (p page) follow(link string, all map[string]page) string {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return "is none"
	case u.Scheme == "https":
		return ""
	case u.Scheme != "":
		return "is not https"
	}
	target := p.name
	if u.Path != "" {
		target = path.Join(path.Dir(p.name), u.Path)
	}
	if _, err := os.Stat(filepath.Join(root, target)); err != nil {
		return "leads nowhere"
	}
	if other, ok := all[target]; u.Fragment != "" && (!ok || !other.anchors[u.Fragment]) {
		return "leads to a heading that is not there"
	}
	return ""
}

// TestIndex: the index leads to every page of docs/, or to its folder.
func TestIndex(t *testing.T) {
	listed := map[string]bool{}
	all := read(t)
	for _, p := range all {
		if p.name == "docs/README.md" {
			for _, link := range p.links {
				listed[path.Join("docs", strings.Split(link, "#")[0])] = true
			}
		}
	}
	for _, p := range all {
		if strings.HasPrefix(p.name, "docs/") && p.name != "docs/README.md" && !listed[p.name] && !listed[path.Dir(p.name)] {
			t.Errorf("docs/README.md does not lead to %s", p.name)
		}
	}
}

// TestBlocksSayWhatTheyAre: a block that says nothing would be tested by nobody.
func TestBlocksSayWhatTheyAre(t *testing.T) {
	known := map[string]bool{
		"sh": true, "text": true, "yaml": true, "dockerfile": true,
		"json public": true, "json protected": true, "json public refused": true, "json protected refused": true, "json status": true,
		"json daemon": true, "json compose": true,
	}
	for _, p := range read(t) {
		for _, b := range p.blocks {
			if !known[b.info] {
				t.Errorf("%s: a block says it is %q", p.at(b), b.info)
			}
		}
	}
}

// TestLinksAreFollowed shows that the test above sees what is wrong.
func TestLinksAreFollowed(t *testing.T) {
	p := parse("docs/errors.md", []byte("# One thing\n\n# One thing\n\n## It's `this`, here\n"))
	all := map[string]page{p.name: p}
	for link, good := range map[string]bool{
		"#one-thing": true, "#one-thing-1": true, "#its-this-here": true, "#another": false, "../README.md": true, "../NOTHING.md": false,
		"../README.md#x": false, "http://example.com/": false, "https://example.com/": true, "": true,
	} {
		if problem := p.follow(link, all); (problem == "") != good {
			t.Errorf("%s: %q", link, problem)
		}
	}
}
