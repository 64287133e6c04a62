// Package pki makes the certificates that tests and demonstrations of the extension need: an
// authority, a server, a client, and each of them in the ways in which people get them wrong.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Pair is a certificate with its key, both PEM; the key is PKCS#8.
type Pair struct {
	Cert, Key []byte
}

// Leaf is what a certificate says. The zero value is one for a server without any name, good from an
// hour ago until next year.
type Leaf struct {
	Name  string
	IPs   []net.IP
	DNS   []string
	Usage []x509.ExtKeyUsage
	// From and To are the first and the last moment at which it is good.
	From, To time.Time
	// RSA gives it a key of 2,048 bits instead of one on the curve P-256.
	RSA bool
}

// Authority signs certificates.
type Authority struct {
	// Cert is its own certificate, PEM.
	Cert []byte

	parent *x509.Certificate
	key    crypto.Signer
}

// NewAuthority makes an authority that signs itself.
func NewAuthority(name string) (*Authority, error) {
	key, err := newKey(false)
	if err != nil {
		return nil, err
	}
	template, err := template(Leaf{Name: name})
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("cannot make the authority %s: %w", name, err)
	}
	parent, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &Authority{Cert: encode("CERTIFICATE", der), parent: parent, key: key}, nil
}

// Issue makes a key and a certificate for it.
func (a *Authority) Issue(leaf Leaf) (Pair, error) {
	key, err := newKey(leaf.RSA)
	if err != nil {
		return Pair{}, err
	}
	template, err := template(leaf)
	if err != nil {
		return Pair{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = leaf.Usage
	der, err := x509.CreateCertificate(rand.Reader, template, a.parent, key.Public(), a.key)
	if err != nil {
		return Pair{}, fmt.Errorf("cannot make the certificate %s: %w", leaf.Name, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{Cert: encode("CERTIFICATE", der), Key: encode("PRIVATE KEY", pkcs8)}, nil
}

// Server makes a certificate for a server that is reached at addresses and names.
func (a *Authority) Server(ips []net.IP, names ...string) (Pair, error) {
	return a.Issue(Leaf{Name: "server", IPs: ips, DNS: names, Usage: serverUse()})
}

// Client makes a certificate with which a person may talk to the server.
func (a *Authority) Client(name string) (Pair, error) {
	return a.Issue(Leaf{Name: name, Usage: clientUse()})
}

func serverUse() []x509.ExtKeyUsage { return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }
func clientUse() []x509.ExtKeyUsage { return []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }

func template(leaf Leaf) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	if leaf.From.IsZero() {
		leaf.From = time.Now().Add(-time.Hour)
	}
	if leaf.To.IsZero() {
		leaf.To = time.Now().AddDate(1, 0, 0)
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: leaf.Name},
		NotBefore: leaf.From, NotAfter: leaf.To,
		IPAddresses: leaf.IPs, DNSNames: leaf.DNS,
		BasicConstraintsValid: true,
	}, nil
}

func newKey(wantRSA bool) (crypto.Signer, error) {
	if wantRSA {
		return rsa.GenerateKey(rand.Reader, 2048)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Set is what one VM needs: who signs, who serves, who may come.
type Set struct {
	Authority *Authority
	Server    Pair
	Client    Pair
}

// NewSet makes an authority with a server and a client certificate.
func NewSet(ips []net.IP, names ...string) (*Set, error) {
	authority, err := NewAuthority("docker test authority")
	if err != nil {
		return nil, err
	}
	set := &Set{Authority: authority}
	if set.Server, err = authority.Server(ips, names...); err != nil {
		return nil, err
	}
	if set.Client, err = authority.Client("client"); err != nil {
		return nil, err
	}
	return set, nil
}

// WriteClient writes ca.pem, cert.pem and key.pem into folder, the names that the docker client looks
// for in DOCKER_CERT_PATH.
func (s *Set) WriteClient(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for name, content := range map[string][]byte{"ca.pem": s.Authority.Cert, "cert.pem": s.Client.Cert, "key.pem": s.Client.Key} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
