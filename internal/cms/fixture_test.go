package cms

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const plainText = `{"certs":{"key":"hush"}}`

// agent is a folder as the agent keeps it, with one certificate in it.
type agent struct {
	dir        string
	thumbprint string
	key        *rsa.PrivateKey
	cert       []byte
}

func (a agent) store() Store { return Store{Dir: a.dir, Files: os.DirFS(a.dir)} }

func (a agent) path(suffix string) string { return filepath.Join(a.dir, a.thumbprint+suffix) }

func newAgent(t testing.TB) agent {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	a := agent{dir: t.TempDir(), key: key, cert: newCert(t, key, 1)}
	sum := sha1.Sum(a.cert)
	a.thumbprint = strings.ToUpper(hex.EncodeToString(sum[:]))
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, ".crt", "Bag Attributes\n    localKeyID: 01\nsubject=/CN=test\n\n", "CERTIFICATE", a.cert)
	a.write(t, ".prv", "Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n", "PRIVATE KEY", pkcs8)
	return a
}

func newCert(t testing.TB, key *rsa.PrivateKey, serial int64) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: "Windows Azure CRP Certificate Generator"},
		NotAfter:     time.Now().Add(24 * time.Hour),
		SubjectKeyId: []byte{1, 2, 3, 4},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), crypto.Signer(key))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// write puts a PEM file with leading text into the folder.
func (a agent) write(t testing.TB, suffix, leading, kind string, der []byte) {
	t.Helper()
	text := leading + string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	if err := os.WriteFile(a.path(suffix), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// encrypt makes a message for cert (DER) with the real openssl and skips where there is none.
func encrypt(t testing.TB, cert []byte, text string, options ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl, which makes the messages of this test, is not installed")
	}
	recipient := filepath.Join(t.TempDir(), "recipient.pem")
	if err := os.WriteFile(recipient, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"cms", "-encrypt", "-binary", "-outform", "DER"}, options...)
	args = withRecipient(args, recipient)
	cmd := exec.Command("openssl", args...)
	var complaint bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(text), &complaint
	der, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, &complaint)
	}
	return der
}

// withRecipient puts -recip before the options that belong to it (-keyopt).
func withRecipient(args []string, recipient string) []string {
	for i, arg := range args {
		if arg == "-keyopt" {
			return append(append(append([]string{}, args[:i]...), "-recip", recipient), args[i:]...)
		}
	}
	return append(args, "-recip", recipient)
}

// recorder is an OpenSSL that counts its calls.
type recorder struct {
	next  OpenSSL
	calls int
}

func (r *recorder) DecryptCMS(ctx context.Context, message []byte, keyPath string) ([]byte, error) {
	r.calls++
	return r.next.DecryptCMS(ctx, message, keyPath)
}
