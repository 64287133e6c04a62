package settings

import (
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"
)

// The curves of TLS 1.3 are about the key of the server alone. Whoever signed its certificate may have a key
// on P-224: crypto/x509 verifies that, and so does OpenSSL.
func TestAuthorityOnAShortCurve(t *testing.T) {
	ca := authorityOf(t, newKeyOn(t, elliptic.P224()), nil)
	server := ca.server(t, newKey(t), nil)
	s, err := parseCerts(certs(t, ca.certPEM(), server.certPEM(), server.keyPEM(t)))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(s.Certificates.Cert, []byte(s.Certificates.Key.Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	if err := shakeHands(t, pair, ca.cert); err != nil {
		t.Error(err)
	}
}

// shakeHands lets a client that trusts an authority connect to a server.
func shakeHands(t *testing.T, pair tls.Certificate, ca *x509.Certificate) error {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	clock := func() time.Time { return now }
	there, here := net.Pipe()
	server := tls.Server(there, &tls.Config{Certificates: []tls.Certificate{pair}, Time: clock})
	go func() {
		_ = server.Handshake() // the client sees what went wrong
		_ = there.Close()
	}()
	client := tls.Client(here, &tls.Config{RootCAs: roots, ServerName: "vm.example.com", Time: clock})
	defer here.Close()
	return client.Handshake()
}
