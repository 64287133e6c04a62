package settings

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// now is the clock of all tests.
var now = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// issued is a certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	return newKeyOn(t, elliptic.P256())
}

func newKeyOn(t testing.TB, curve elliptic.Curve) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// authority makes a self-signed authority; change may be nil.
func authority(t testing.TB, change func(*x509.Certificate)) issued {
	t.Helper()
	return authorityOf(t, newKey(t), change)
}

func authorityOf(t testing.TB, key crypto.Signer, change func(*x509.Certificate)) issued {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true,
	}
	return issue(t, template, issued{}, key, change)
}

// server makes a server's certificate issued by i; change may be nil.
func (i issued) server(t testing.TB, key crypto.Signer, change func(*x509.Certificate)) issued {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "server"},
		NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 6, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"vm.example.com"}, IPAddresses: []net.IP{net.IPv4(10, 0, 0, 4)},
	}
	return issue(t, template, i, key, change)
}

func issue(t testing.TB, template *x509.Certificate, by issued, key crypto.Signer, change func(*x509.Certificate)) issued {
	t.Helper()
	if change != nil {
		change(template)
	}
	if by.cert == nil {
		by = issued{cert: template, key: key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issued{cert: cert, key: key}
}

func (i issued) certPEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.cert.Raw}))
}

func (i issued) keyPEM(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// certs gives protected settings with certificates.
func certs(t testing.TB, ca, cert, key string) []byte {
	t.Helper()
	return object(t, map[string]any{"certs": map[string]string{"ca": ca, "cert": cert, "key": key}})
}

func object(t testing.TB, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// goodCerts gives protected settings with certificates that nothing is wrong with.
func goodCerts(t testing.TB) []byte {
	t.Helper()
	ca := authority(t, nil)
	server := ca.server(t, newKey(t), nil)
	return certs(t, ca.certPEM(), server.certPEM(), server.keyPEM(t))
}
