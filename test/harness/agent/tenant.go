package agent

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Tenant is the certificate that Azure hands to a VM so that it can read its protected settings.
type Tenant struct {
	// Thumbprint is the SHA-1 of the certificate, 40 upper-case hexadecimal digits.
	Thumbprint string
	// Certificate and Key are PEM without any leading text; the key is PKCS#8.
	Certificate, Key []byte
}

// The issuer that Azure's own tenant certificates name; DC is RFC 4519's domainComponent.
const tenantIssuer = "Windows Azure CRP Certificate Generator"

// NewTenant makes a self-signed RSA-2048 certificate like Azure's.
func NewTenant() (*Tenant, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	domain := asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{{Type: domain, Value: tenantIssuer}}},
		NotBefore:    time.Now().Add(-24 * time.Hour),
		NotAfter:     time.Now().AddDate(2, 0, 0),
		KeyUsage:     x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return &Tenant{
		Thumbprint:  thumbprint(der),
		Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:         pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	}, nil
}

func thumbprint(der []byte) string {
	sum := sha1.Sum(der)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// install writes THUMBPRINT.crt and THUMBPRINT.prv as slices of "openssl pkcs12" output, which is
// what they are on a VM (azurelinuxagent/common/protocol/goal_state.py, Certificates). Their mode is
// 0644: only an agent start narrows it.
func (t *Tenant) install(f files) error {
	identity := "Bag Attributes\n    localKeyID: 01 00 00 00 \n"
	subject := "subject=DC = " + tenantIssuer + "\n\nissuer=DC = " + tenantIssuer + "\n\n"
	crt := append([]byte(identity+subject), t.Certificate...)
	prv := append([]byte(identity+"Key Attributes\n    X509v3 Key Usage: 10 \n"), t.Key...)
	if err := f.write(t.file(".crt"), 0o644, crt); err != nil {
		return err
	}
	return f.write(t.file(".prv"), 0o644, prv)
}

func (t *Tenant) remove(f files) error {
	for _, suffix := range []string{".crt", ".prv"} {
		if err := f.remove(t.file(suffix)); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tenant) file(suffix string) string { return path.Join(LibDir, t.Thumbprint+suffix) }

// findTenant gives the certificate that an earlier agent of ours left on the machine, nil for none.
func findTenant(f files) (*Tenant, error) {
	found, err := filepath.Glob(f.HostPath(LibDir) + "/*.prv")
	if err != nil || len(found) == 0 {
		return nil, err
	}
	t := &Tenant{Thumbprint: strings.TrimSuffix(filepath.Base(found[0]), ".prv")}
	for suffix, into := range map[string]*[]byte{".crt": &t.Certificate, ".prv": &t.Key} {
		text, err := f.read(t.file(suffix))
		if err != nil {
			return nil, err
		}
		block, _ := pem.Decode(text)
		if block == nil {
			return nil, fmt.Errorf("%s holds no PEM block", t.file(suffix))
		}
		*into = pem.EncodeToMemory(block)
	}
	return t, nil
}

// Cipher is how protected settings are encrypted.
type Cipher struct {
	// Algorithm is the name of "openssl cms -encrypt"'s option: des3, aes128, aes192, aes256.
	// Empty means des3, what Azure uses.
	Algorithm string
	// OAEP wraps the content key with RSA-OAEP instead of PKCS#1 v1.5.
	OAEP bool
}

// Seal encrypts plain to the tenant certificate as CMS EnvelopedData and gives base64 in one line.
func (t *Tenant) Seal(ctx context.Context, plain []byte, cipher Cipher) (string, error) {
	folder, err := os.MkdirTemp("", "harness-seal-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(folder)
	certificate := filepath.Join(folder, "tenant.crt")
	if err := os.WriteFile(certificate, t.Certificate, 0o600); err != nil {
		return "", err
	}
	var der, complaint bytes.Buffer
	seal := exec.CommandContext(ctx, "openssl", sealArguments(certificate, cipher)...)
	seal.Stdin, seal.Stdout, seal.Stderr = bytes.NewReader(plain), &der, &complaint
	if err := seal.Run(); err != nil {
		return "", fmt.Errorf("cannot encrypt the protected settings: %w: %s", err, complaint.String())
	}
	return base64.StdEncoding.EncodeToString(der.Bytes()), nil
}

func sealArguments(certificate string, cipher Cipher) []string {
	algorithm := cipher.Algorithm
	if algorithm == "" {
		algorithm = "des3"
	}
	arguments := []string{"cms", "-encrypt", "-binary", "-outform", "DER", "-" + algorithm, "-recip", certificate}
	if cipher.OAEP {
		arguments = append(arguments, "-keyopt", "rsa_padding_mode:oaep")
	}
	return arguments
}
