package settings

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"docker-extension/internal/secret"
)

const (
	day          = "2006-01-02"
	soon         = 30 * 24 * time.Hour // certificates that end within this get a note
	minRSA       = 1024                // bits; Go's crypto/rsa refuses to sign with less
	advisableRSA = 2048                // bits; NIST SP 800-57
)

// checkDates refuses a server certificate that is not valid now.
func (p *parser) checkDates(c *chain) bool {
	now, cert := p.opts.Now, c.server[0]
	switch {
	case now.After(cert.NotAfter):
		p.refuse(c.cert.place, "make a new certificate and send it", "expired on %s", cert.NotAfter.UTC().Format(day))
		return false
	case now.Before(cert.NotBefore):
		p.refuse(c.cert.place, "check the clock of the VM and of the machine that made the certificate",
			"is not valid before %s", cert.NotBefore.UTC().Format(time.RFC3339))
		return false
	}
	return true
}

// checkUsage refuses a certificate that clients will not take from a server. One without extended
// key usages is good for everything; one that lists some must list server authentication. dockerd
// itself would load it all the same, but no client of its would connect: Go's crypto/tls asks for
// ExtKeyUsageServerAuth (VerifyOptions.KeyUsages), and so does OpenSSL ("unsuitable certificate
// purpose"). A key that TLS does not take is of no more use.
func (p *parser) checkUsage(c *chain) bool {
	cert := c.server[0]
	usages := cert.ExtKeyUsage
	listed := len(usages) > 0 || len(cert.UnknownExtKeyUsage) > 0
	if listed && !slices.Contains(usages, x509.ExtKeyUsageServerAuth) && !slices.Contains(usages, x509.ExtKeyUsageAny) {
		p.refuse(c.cert.place, "make the certificate with extendedKeyUsage = serverAuth",
			"is not made for a server: its extended key usages lack serverAuth, so that clients refuse it")
		return false
	}
	if message, hint := unfit(cert); message != "" {
		p.refuse(c.cert.place, hint, "%s", message)
		return false
	}
	return true
}

// unfit says why TLS does not take a server's key, and what to do; nothing if it does. RSA keys can be too
// short for Go's crypto/rsa. P-224, the only other curve that crypto/x509 reads, has no code in TLS 1.3
// (RFC 8446, section 4.2.3), which docker and dockerd agree on: every connection ends with "unsupported
// certificate curve". The key of an authority may be on it: the certificates that it signs are verified.
func unfit(cert *x509.Certificate) (message, hint string) {
	if bits := rsaBits(cert); bits > 0 && bits < minRSA {
		return fmt.Sprintf("has an RSA key of %d bits, which is too short for TLS", bits),
			"make a new key of 2048 bits or more, and a certificate for it"
	}
	if key, ok := cert.PublicKey.(*ecdsa.PublicKey); ok && key.Curve == elliptic.P224() {
		return "has a key on curve P-224, which TLS 1.3 does not take", "make a new key on curve P-256, and a certificate for it"
	}
	return "", ""
}

// rsaBits gives the length of an RSA key; 0 for other kinds.
func rsaBits(cert *x509.Certificate) int {
	if key, ok := cert.PublicKey.(*rsa.PublicKey); ok {
		return key.N.BitLen()
	}
	return 0
}

// checkIssuer refuses a certificate that does not come from the authority.
func (p *parser) checkIssuer(c *chain) {
	if _, err := c.verify(p.opts.Now); err != nil {
		place, hint, message := c.diagnose(p.opts.Now)
		p.refuse(place, hint, "%s", message)
	}
}

// verify does what a client does, but for the name, which is the client's to check.
func (c *chain) verify(now time.Time) ([][]*x509.Certificate, error) {
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	for _, cert := range c.authorities {
		roots.AddCert(cert)
	}
	for _, cert := range c.server[1:] {
		between.AddCert(cert)
	}
	return c.server[0].Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

// diagnose says why a certificate does not come from the authority: it climbs from issuer to issuer
// and reports the first step that does not hold.
func (c *chain) diagnose(now time.Time) (place, hint, message string) {
	const newCA = "make a new authority and new certificates from it"
	cert := c.server[0]
	for range 1 + len(c.server) {
		issuer, place := c.issuerOf(cert)
		switch {
		case issuer == nil:
			return c.cert.place, "send the authority that issued the certificate as ca, and intermediates after the certificate",
				"was not issued by " + c.ca.place
		case outdated(cert.SignatureAlgorithm):
			return c.cert.place, "sign the certificate with SHA-256 or better", "is signed with an algorithm that clients no longer take"
		case now.After(issuer.NotAfter):
			return place, newCA, "expired on " + issuer.NotAfter.UTC().Format(day)
		case now.Before(issuer.NotBefore):
			return place, "check the clock of the VM and of the machine that made the certificate",
				"is not valid before " + issuer.NotBefore.UTC().Format(time.RFC3339)
		case issuer.Version == 3 && !issuer.IsCA:
			return place, "make the authority with basicConstraints = CA:TRUE", "is not the certificate of an authority"
		case cert.CheckSignatureFrom(issuer) != nil:
			return c.cert.place, "send the certificate of the very authority that signed it; one with the same name is not enough",
				"names the authority in " + place + " as its issuer, but was not signed with its key"
		}
		cert = issuer
	}
	return c.cert.place, "check the chain with openssl verify", "cannot be traced back to " + c.ca.place
}

// issuerOf finds the issuer of a certificate by name and tells where it stands.
func (c *chain) issuerOf(cert *x509.Certificate) (*x509.Certificate, string) {
	named := func(other *x509.Certificate) bool { return bytes.Equal(other.RawSubject, cert.RawIssuer) }
	if i := slices.IndexFunc(c.authorities, named); i >= 0 {
		return c.authorities[i], c.ca.place
	}
	if i := slices.IndexFunc(c.server[1:], named); i >= 0 {
		return c.server[1+i], c.cert.place
	}
	return nil, ""
}

// outdated tells whether Go, and so docker and dockerd, refuses signatures of a kind (SHA-1 since
// Go 1.18).
func outdated(algorithm x509.SignatureAlgorithm) bool {
	return slices.Contains([]x509.SignatureAlgorithm{
		x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.DSAWithSHA1, x509.DSAWithSHA256,
	}, algorithm)
}

// certificates gives the result: PEM without anything around the blocks, and what people want to
// know of it.
func (c *chain) certificates(now time.Time) *Certificates {
	result := &Certificates{
		CA:   encode(c.authorities),
		Cert: encode(c.server),
		Key:  secret.New(string(pem.EncodeToMemory(c.keyBlock))),
	}
	result.Names = slices.Clone(c.server[0].DNSNames)
	for _, address := range c.server[0].IPAddresses {
		result.Names = append(result.Names, address.String())
	}
	chains, _ := c.verify(now)
	for _, links := range chains {
		if end := firstEnd(links); end.After(result.NotAfter) {
			result.NotAfter = end
		}
	}
	return result
}

// firstEnd gives the moment when the first certificate of a chain ends.
func firstEnd(links []*x509.Certificate) time.Time {
	end := links[0].NotAfter
	for _, cert := range links {
		if cert.NotAfter.Before(end) {
			end = cert.NotAfter
		}
	}
	return end
}

func encode(certs []*x509.Certificate) []byte {
	var text bytes.Buffer
	for _, cert := range certs {
		_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}) // a bytes.Buffer takes everything
	}
	return text.Bytes()
}

// noteCertificates adds a word on certificates that work, but not for everyone or not for long.
func (p *parser) noteCertificates(c *chain) {
	result := p.settings.Certificates
	if len(result.Names) == 0 {
		p.note(c.cert.place + " names no host (subjectAltName): clients refuse it unless they leave out the check of the name")
	}
	if bits := rsaBits(c.server[0]); bits > 0 && bits < advisableRSA {
		p.note(fmt.Sprintf("%s has an RSA key of %d bits; use 2048 or more", c.cert.place, bits))
	}
	if result.NotAfter.Sub(p.opts.Now) < soon {
		p.note(fmt.Sprintf("the certificates of the remote API end on %s", result.NotAfter.UTC().Format(day)))
	}
}
