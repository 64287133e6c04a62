package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"docker-extension/internal/secret"
)

// look is what a secret looks like, and what stands in its place.
type look struct {
	like *regexp.Regexp
	then string
}

// looks gives what secrets look like in texts that nobody of us has written. It is no table of the package
// because the agent's calls would pay for its making.
func looks() []look {
	return []look{
		// A private key, also one whose beginning or end has been cut off, or whose line ends are escaped.
		{regexp.MustCompile(`(-----BEGIN [A-Z ]*PRIVATE KEY-----)?[A-Za-z0-9+/=\s\\]*-----END [A-Z ]*PRIVATE KEY-----`), "\n" + secret.Redacted + "\n"},
		{regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----[A-Za-z0-9+/=\s\\]*`), secret.Redacted + "\n"},
		// A member of an object, a variable, or a header that is called like a secret.
		{regexp.MustCompile(`(?i)("[^"]*(?:password|passwd|secret|token|apikey|api_key|credential|protectedsettings)"|"auth"|"key")(\s*:\s*)"(?:[^"\\]|\\.)*"`), `$1$2"` + secret.Redacted + `"`},
		{regexp.MustCompile(`(?i)\b([a-z0-9_]*(?:password|passwd|secret|token|api_?key)[a-z0-9_]*=)("(?:[^"\\]|\\.)*"|[^\s"',;]+)`), "$1" + secret.Redacted},
		{regexp.MustCompile(`(?i)\b(authorization|x-registry-auth)(["']?\s*[:=]\s*["']?)(\w+ )?[^\s"',;]+`), "$1$2" + secret.Redacted},
	}
}

// Scrub takes out of a text what looks like a secret.
func Scrub(text string) string {
	text = secret.WithoutPasswords(strings.ToValidUTF8(text, "\uFFFD"))
	for _, l := range looks() {
		text = l.like.ReplaceAllString(text, l.then)
	}
	return text
}

// Public gives public settings as they may be shown to strangers: without the values of variables, which
// people use for secrets whatever we say, and without whatever stands under a key of the protected settings.
func Public(settings []byte) string {
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(settings))
	decoder.UseNumber()
	if len(bytes.TrimSpace(settings)) == 0 {
		return "{}\n"
	}
	if decoder.Decode(&tree) != nil {
		return "is not JSON\n"
	}
	text, err := json.MarshalIndent(hide(tree, false), "", "  ")
	if err != nil {
		return "is not JSON\n"
	}
	return string(text) + "\n"
}

// hide gives a tree with all strings and numbers redacted that are, or lie, in a hidden place.
func hide(tree any, hidden bool) any {
	switch v := tree.(type) {
	case map[string]any:
		for name, value := range v {
			v[name] = hide(value, hidden || sensitive(name))
		}
	case []any:
		for i, item := range v {
			v[i] = hide(item, hidden)
		}
	case string, json.Number:
		if hidden {
			return hideText(fmt.Sprint(v))
		}
	}
	return tree
}

// hideText leaves the name of a variable that is written with its value.
func hideText(text string) string {
	if name, _, assigned := strings.Cut(text, "="); assigned {
		return name + "=" + secret.Redacted
	}
	return secret.Redacted
}

// sensitive tells whether what is called so is not for strangers.
func sensitive(name string) bool {
	switch strings.ToLower(name) {
	case "environment", "compose-environment", "certs", "login", "ca", "server-cert", "server-key", "args", "command", "entrypoint", "labels",
		"test", "content": // of a health check, and of a config that stands in the file
		return true
	}
	return regexp.MustCompile(`(?i)passw|secret|token|key|credential`).MatchString(name)
}
