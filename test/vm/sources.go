package vm

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mirrors is where the host takes its Debian packages from.
type mirrors struct {
	main     string // the archive itself
	security string // the security archive; empty when the host uses none
}

// source is one entry of an apt configuration, of either form.
type source struct{ types, uris, suites, components []string }

// hostMirrors finds Debian's archive in the apt configuration of this host. The environment
// variable DEBIAN_MIRROR is taken instead when it is set, for hosts that are not Debian.
func hostMirrors() (mirrors, error) {
	if uri := os.Getenv("DEBIAN_MIRROR"); uri != "" {
		return mirrors{main: uri}, nil
	}
	var all []source
	for _, pattern := range []string{"/etc/apt/sources.list", "/etc/apt/sources.list.d/*.list", "/etc/apt/sources.list.d/*.sources"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return mirrors{}, err
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				return mirrors{}, err
			}
			all = append(all, parseSources(string(content), filepath.Ext(path) == ".sources")...)
		}
	}
	return chooseMirrors(all)
}

// parseSources reads one file of apt sources: deb822 stanzas, or lines that begin with deb.
func parseSources(content string, deb822 bool) []source {
	if deb822 {
		return parseStanzas(content)
	}
	var found []source
	for line := range strings.Lines(content) {
		fields := strings.Fields(withoutOptions(line))
		if len(fields) >= 4 && fields[0] == "deb" {
			found = append(found, source{fields[:1], fields[1:2], fields[2:3], fields[3:]})
		}
	}
	return found
}

// withoutOptions cuts a comment and the [options] out of a one-line source.
func withoutOptions(line string) string {
	line, _, _ = strings.Cut(line, "#")
	before, rest, found := strings.Cut(line, "[")
	if !found {
		return line
	}
	_, after, _ := strings.Cut(rest, "]")
	return before + " " + after
}

// parseStanzas reads deb822 stanzas; a disabled one is left out.
func parseStanzas(content string) []source {
	var found []source
	for _, stanza := range strings.Split(content+"\n", "\n\n") {
		fields := stanzaFields(stanza)
		s := source{fields["types"], fields["uris"], fields["suites"], fields["components"]}
		if len(s.uris) > 0 && !slices.Equal(fields["enabled"], []string{"no"}) {
			found = append(found, s)
		}
	}
	return found
}

// stanzaFields gives the words of every field of one stanza, by the field's name in small letters.
func stanzaFields(stanza string) map[string][]string {
	fields := map[string][]string{}
	var name string
	lines := bufio.NewScanner(strings.NewReader(stanza))
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, " "), strings.HasPrefix(line, "\t"):
			fields[name] = append(fields[name], strings.Fields(line)...)
		default:
			key, value, _ := strings.Cut(line, ":")
			name = strings.ToLower(strings.TrimSpace(key))
			fields[name] = strings.Fields(value)
		}
	}
	return fields
}

// chooseMirrors picks Debian's archives: a bare suite name of Debian with the component main.
// Other vendors name their suites otherwise ("bookworm-pgdg") or have no main ("stable").
func chooseMirrors(all []source) (mirrors, error) {
	suites := []string{"bullseye", "bookworm", "trixie", "forky", "stable", "testing", "sid"}
	var chosen mirrors
	for _, s := range all {
		if !slices.Contains(s.types, "deb") || !slices.Contains(s.components, "main") {
			continue
		}
		for _, suite := range s.suites {
			if name, security := strings.CutSuffix(suite, "-security"); slices.Contains(suites, name) {
				chosen.offer(s.uris[0], security)
			}
		}
	}
	if chosen.main == "" {
		return mirrors{}, errors.New("cannot find a Debian mirror in the apt configuration of this host (set DEBIAN_MIRROR)")
	}
	return chosen, nil
}

// offer takes the first archive of each kind.
func (m *mirrors) offer(uri string, security bool) {
	kind := &m.main
	if security {
		kind = &m.security
	}
	if *kind == "" {
		*kind = uri
	}
}

// sourcesFile gives the machine's own /etc/apt/sources.list.d/debian.sources.
func (m mirrors) sourcesFile(suite string) string {
	const stanza = "Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
	text := fmt.Sprintf(stanza, m.main, suite+" "+suite+"-updates")
	if m.security != "" {
		text += "\n" + fmt.Sprintf(stanza, m.security, suite+"-security")
	}
	return text
}
