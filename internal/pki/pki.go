// Package pki makes the certificates of a remote API: an authority, a server's certificate that it
// signs, and one for a client. Keys are ECDSA P-256, certificates are X.509 v3 with their names in
// subjectAltName. It touches nothing: names and times go in, PEM comes out.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/secret"
)

// leeway is how long before now a new certificate begins to be good, for clocks that are behind.
const leeway = time.Hour

// longestName is the longest common name that X.509 has room for (ub-common-name of RFC 5280), in
// characters. The whole name is in subjectAltName.
const longestName = 64

// Pair is a certificate and its private key, both in PEM.
type Pair struct {
	Cert []byte
	Key  secret.Secret
}

// Authority is what signs certificates.
type Authority struct {
	Pair
	cert   *x509.Certificate
	signer crypto.Signer
}

// Names are what a server's certificate is good for; at least one.
type Names struct {
	Hosts     []string // DNS names
	Addresses []netip.Addr
}

// First gives the name that stands for all: the first host, or else the first address; "" for none.
func (n Names) First() string {
	switch {
	case len(n.Hosts) > 0:
		return n.Hosts[0]
	case len(n.Addresses) > 0:
		return n.Addresses[0].String()
	default:
		return ""
	}
}

// List gives all names, hosts first.
func (n Names) List() []string {
	all := slices.Clone(n.Hosts)
	for _, address := range n.Addresses {
		all = append(all, address.String())
	}
	return all
}

// Span is when a certificate is good: from Now on for Life.
type Span struct {
	Now  time.Time
	Life time.Duration
}

// NewAuthority makes an authority with the given common name.
func NewAuthority(name string, span Span) (Authority, error) {
	template, err := blank(name, span)
	if err != nil {
		return Authority{}, err
	}
	template.IsCA, template.MaxPathLenZero = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	pair, err := issue(template, nil, nil)
	if err != nil {
		return Authority{}, err
	}
	return ReadAuthority(pair)
}

// Server makes the certificate of a server with these names.
func (a Authority) Server(names Names, span Span) (Pair, error) {
	template, err := blank(names.First(), span)
	if err != nil {
		return Pair{}, err
	}
	template.DNSNames = names.Hosts
	for _, address := range names.Addresses {
		template.IPAddresses = append(template.IPAddresses, net.IP(address.AsSlice()))
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	return a.leaf(template)
}

// Client makes the certificate of a client.
func (a Authority) Client(name string, span Span) (Pair, error) {
	template, err := blank(name, span)
	if err != nil {
		return Pair{}, err
	}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.leaf(template)
}

// leaf signs a certificate, which ends with the authority at the latest: nobody would take it longer.
func (a Authority) leaf(template *x509.Certificate) (Pair, error) {
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if template.NotAfter.After(a.cert.NotAfter) {
		template.NotAfter = a.cert.NotAfter
	}
	return issue(template, a.cert, a.signer)
}

// blank gives what all certificates have in common.
func blank(name string, span Span) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, failed(err)
	}
	if runes := []rune(name); len(runes) > longestName {
		name = string(runes[:longestName])
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             span.Now.Add(-leeway).UTC().Truncate(time.Second),
		NotAfter:              span.Now.Add(span.Life).UTC().Truncate(time.Second),
		BasicConstraintsValid: true,
	}, nil
}

// issue makes a key and signs the certificate for it; without an issuer it signs itself.
func issue(template, issuer *x509.Certificate, signer crypto.Signer) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, failed(err)
	}
	if issuer == nil {
		issuer, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &key.PublicKey, signer)
	if err != nil {
		return Pair{}, failed(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, failed(err)
	}
	return Pair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:  secret.New(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))),
	}, nil
}

func failed(err error) error {
	return fault.New(fault.Internal, "", "report this", "cannot make a certificate: %w", err)
}
