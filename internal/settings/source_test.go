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

// What cannot be parsed is told as that, and not as what it might have in it.
func TestAddressesOfASource(t *testing.T) {
	const (
		urlNone    = `publicSettings.docker.source.url: is not an address (write it like "https://mirror.example.com:8080/docker", and % as %25)`
		urlAccount = `publicSettings.docker.source.url: has a user or a password in it, which everybody on the VM could read (put user and password into a file in /etc/apt/auth.conf.d on the VM, as apt_auth.conf(5) says)`
		keyNone    = `publicSettings.docker.source.key: is not an address (write it like "https://mirror.example.com:8080/docker", and % as %25)`
		keyAccount = `publicSettings.docker.source.key: has a user or a password in it, which others can read (send the key itself, armoured, in place of its address)`
	)
	for address, want := range map[string][]string{
		"https://m.example.com:8080/50%25":    nil,
		"file:///srv/50%25":                   nil,
		"https://m.example.com:abc/x":         {urlNone, keyNone},
		"https://m.example.com/50%/x":         {urlNone, keyNone},
		"file:///srv/50%/x":                   {urlNone, keyNone},
		"https://hush:hush@m.example.com/x":   {urlAccount, keyAccount},
		"https://hush@m.example.com/x":        {urlAccount, keyAccount},
		"https://hu:hu%sh@m.example.com/x":    {urlNone, keyNone},
		"https://hush:hush@m.example.com:abc": {urlNone, keyNone},
	} {
		t.Run(address, func(t *testing.T) {
			_, err := Parse([]byte(`{"docker": {"source": {"url": "`+address+`", "suite": "s", "key": "`+address+`"}}}`), nil, Options{Now: now})
			compareFaults(t, err, want)
		})
	}
}
