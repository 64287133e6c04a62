package preview

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// file tells how one file becomes another.
func file(p string, old, wanted state.File, hide Hide) File {
	f := File{Path: p, Change: "change"}
	from, to := p, p
	switch {
	case !wanted.Exists:
		f.Change, to = "remove", "/dev/null"
	case !old.Exists:
		f.Change, from = "make", "/dev/null"
	}
	if wanted.Exists && (!old.Exists || old.Mode != wanted.Mode) {
		f.Mode = fmt.Sprintf("%04o", wanted.Mode.Perm())
	}
	before, after := show(p, old.Content), show(p, wanted.Content)
	text := diff.Diff(from, []byte(hide(p, before)), to, []byte(hide(p, after)))
	if len(text) == 0 && !bytes.Equal(old.Content, wanted.Content) {
		f.Diff = "--- " + from + "\n+++ " + to + "\n-" + secret.Redacted + "\n+" + secret.Redacted + ", another one\n"
		return f
	}
	// The first line is a command line of diff, which nobody has typed.
	if _, rest, found := strings.Cut(string(text), "\n"); found {
		f.Diff = rest
	}
	return f
}

// show gives what may be seen of a file's content.
func show(p string, content []byte) string {
	switch {
	case len(content) == 0:
		return ""
	case path.Base(p) == "config.json":
		return accounts(content)
	case path.Ext(p) == ".pem":
		return blocks(content)
	default:
		return secret.WithoutPasswords(string(content))
	}
}

// accounts gives docker's credentials without what is secret in them: which registries there are.
func accounts(content []byte) string {
	var config map[string]json.RawMessage
	if json.Unmarshal(content, &config) != nil {
		return secret.Redacted + "\n"
	}
	text := ""
	for _, key := range sortedKeys(config) {
		var entries map[string]json.RawMessage
		if key != "auths" || json.Unmarshal(config[key], &entries) != nil {
			text += key + ": " + secret.Redacted + "\n"
			continue
		}
		for _, server := range sortedKeys(entries) {
			text += "account at " + server + ": " + secret.Redacted + "\n"
		}
	}
	return text
}

// blocks says in words what is in a PEM file: base64 tells nobody anything, and a key is a secret.
func blocks(content []byte) string {
	text := ""
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		cert, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			text += "a private key: " + secret.Redacted + "\n"
			continue
		}
		text += fmt.Sprintf("certificate of %s\n  issued by %s\n", cert.Subject, cert.Issuer)
		if names := namesOf(cert); len(names) > 0 {
			text += "  for " + strings.Join(names, ", ") + "\n"
		}
		digest := sha256.Sum256(cert.Raw)
		text += fmt.Sprintf("  until %s\n  SHA-256 %s\n", cert.NotAfter.UTC().Format("2006-01-02 15:04:05 UTC"), hex.EncodeToString(digest[:]))
	}
	if text == "" {
		return secret.Redacted + "\n"
	}
	return text
}

func namesOf(cert *x509.Certificate) []string {
	names := slices.Clone(cert.DNSNames)
	for _, address := range cert.IPAddresses {
		names = append(names, address.String())
	}
	return names
}
