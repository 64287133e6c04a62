package settings

import (
	"strings"
	"testing"

	"docker-extension/internal/fault"
)

// A suite is a word, or the path of a flat repository, which has no components (sources.list(5)).
func TestSuite(t *testing.T) {
	const noComponent = `publicSettings.docker.source.component: is there although suite ends with a slash, which is for repositories without components (remove component, or the slash)`
	noSuite := func(suite string) []string {
		return []string{`publicSettings.docker.source.suite: "` + suite + `" is neither one word nor a path that ends with a slash (use one word of letters, digits, dots and dashes, or a path like "./" for a flat repository)`}
	}
	for _, test := range []struct {
		suite, component string
		want             string // the component that comes of it
		faults           []string
	}{
		{"bookworm", "", "stable", nil},
		{"bookworm/updates", "main", "main", nil},
		{"./", "", "", nil},
		{"/", "", "", nil},
		{"debs/", "", "", nil},
		{"./debs/amd64/", "", "", nil},
		{"/debs/", "", "", nil},
		{"./", "stable", "", []string{noComponent}},
		{"debs/", "stable", "", []string{noComponent}},
		{".", "", "", noSuite(".")},
		{"./debs", "", "", noSuite("./debs")},
		{"/debs", "stable", "", noSuite("/debs")},
		{"a b/", "", "", noSuite("a b/")},
		{"", "", "", noSuite("")},
	} {
		t.Run(test.suite+" "+test.component, func(t *testing.T) {
			component := ""
			if test.component != "" {
				component = `, "component": "` + test.component + `"`
			}
			got, err := Parse([]byte(`{"docker": {"source": {"url": "https://m.example.com", "suite": "`+test.suite+`"`+component+`}}}`), nil, Options{Now: now})
			compareFaults(t, err, test.faults)
			if s := got.Docker.Source; err == nil && (s.Suite != test.suite || s.Component != test.want) {
				t.Errorf("suite %q, component %q", s.Suite, s.Component)
			}
		})
	}
}

// The rule of the suite is not that of the component.
func TestComponentIsAWord(t *testing.T) {
	_, err := Parse([]byte(`{"docker": {"source": {"url": "https://m.example.com", "suite": "bookworm", "component": "./"}}}`), nil, Options{Now: now})
	if !strings.Contains(fault.Sentence(err, 0), `publicSettings.docker.source.component: "./" is not a single word`) {
		t.Errorf("got %v", err)
	}
}
