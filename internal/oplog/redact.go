package oplog

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Redacted stands where a secret was.
const Redacted = "[redacted]"

// A text shorter than these, in bytes, is not taken for a secret: to replace every "on" and every
// "}" would make the log unreadable and hide nothing. Lines of a longer secret are held to more,
// because the whole is known as well.
const (
	minSecret = 4
	minLine   = 8
)

// Redactor replaces the secrets that it knows. The zero value and nil know none. It is safe for
// use by several goroutines.
type Redactor struct {
	mu       sync.RWMutex
	known    map[string]bool
	replacer *strings.Replacer
}

// Add makes secrets known, each as it is, without the white space around it, in base64, escaped as
// in JSON, in a log line and in a URL, and, if it has several lines, line by line. What is made of a secret and
// something else before it is encoded (the "user:password" of a registry login) must be added too.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[string]bool{}
	}
	for _, secret := range secrets {
		for _, form := range forms(secret) {
			r.known[form] = true
		}
	}
	r.replacer = replacer(r.known)
}

// Redact gives text with every known secret replaced.
func (r *Redactor) Redact(text string) string {
	if r == nil {
		return text
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.replacer == nil {
		return text
	}
	return r.replacer.Replace(text)
}

// replacer tries longer secrets first: where one begins with another, the end of the longer one
// would stay readable otherwise.
func replacer(known map[string]bool) *strings.Replacer {
	secrets := make([]string, 0, len(known))
	for secret := range known {
		secrets = append(secrets, secret)
	}
	slices.SortFunc(secrets, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	pairs := make([]string, 0, 2*len(secrets))
	for _, secret := range secrets {
		pairs = append(pairs, secret, Redacted)
	}
	return strings.NewReplacer(pairs...)
}

func forms(secret string) []string {
	trimmed := strings.TrimSpace(secret)
	if len(trimmed) < minSecret {
		return nil
	}
	out := []string{secret, trimmed}
	for _, s := range []string{secret, trimmed} {
		out = append(out, encoded(s)...)
	}
	return append(out, lines(trimmed)...)
}

func encoded(s string) []string {
	out := []string{
		base64.RawStdEncoding.EncodeToString([]byte(s)), // also finds the padded form
		base64.RawURLEncoding.EncodeToString([]byte(s)),
		url.QueryEscape(s),
		url.PathEscape(s),
	}
	goQuoted := strconv.Quote(s)
	out = append(out, goQuoted[1:len(goQuoted)-1])
	if quoted, err := json.Marshal(s); err == nil {
		out = append(out, string(quoted[1:len(quoted)-1]))
	}
	return out
}

// lines leaves out the first and last line of PEM, which are the same for everybody and tell a
// reader what was redacted.
func lines(s string) []string {
	var out []string
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if len(line) >= minLine && !strings.HasPrefix(line, "-----") {
			out = append(out, line)
		}
	}
	return out
}
