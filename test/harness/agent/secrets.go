package agent

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
)

// shortest is the length below which a text is no secret: it would be found everywhere.
const shortest = 8

// Leak is a place where a secret was found.
type Leak struct {
	// Secret is the name of the secret, not the secret.
	Secret string
	// Place is a file, "journal", or a file of a process below /proc with its command line.
	Place string
}

// String gives "secret in place".
func (l Leak) String() string { return l.Secret + " in " + l.Place }

// patterns is every form in which a secret may show up, with the name of its secret.
type patterns map[string]string

// newPatterns gives the forms of the secrets, name to value: as it is, as a JSON string, in base64,
// and each line of its own if it has several (a PEM block's body, for one). Public text, such as the
// boundaries of a PEM block and the lines of a key that have its public half alone, is no secret.
func newPatterns(secrets map[string]string) (patterns, error) {
	p := patterns{}
	for name, value := range secrets {
		if len(strings.TrimSpace(value)) < shortest {
			return nil, fmt.Errorf("the secret %q is too short to search for: %d bytes are needed", name, shortest)
		}
		forms := strings.Split(value, "\n")
		encoded := base64.StdEncoding.EncodeToString([]byte(value))
		// Tools wrap base64 at 64 or 76 columns; the start of it is on one line in any case.
		forms = append(forms, encoded[:min(len(encoded), 60)])
		if quoted, err := json.Marshal(value); err == nil {
			forms = append(forms, strings.Split(string(quoted[1:len(quoted)-1]), `\n`)...)
		}
		public := publicHalf(value)
		for _, form := range forms {
			form = strings.TrimSpace(form)
			decoded, err := base64.StdEncoding.DecodeString(form)
			if known := err == nil && bytes.Contains(public, decoded); len(form) >= shortest && !strings.HasPrefix(form, "-----") && !known {
				p[form] = name
			}
		}
	}
	return p, nil
}

// publicHalf gives the public key that a private one in PEM carries along, as a certificate has it too; nil
// if there is none.
func publicHalf(text string) []byte {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil
	}
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil
	}
	return public
}

// list gives the patterns one per line, as "grep -F -f" wants them.
func (p patterns) list() []byte {
	var lines []string
	for pattern := range p {
		lines = append(lines, pattern)
	}
	slices.Sort(lines)
	return []byte(strings.Join(lines, "\n") + "\n")
}

// in gives the names of the secrets that text holds.
func (p patterns) in(text []byte) []string {
	var names []string
	for pattern, name := range p {
		if !slices.Contains(names, name) && bytes.Contains(text, []byte(pattern)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
