package settings

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/secret"
)

// sent is one of the three settings of the remote API, and the place that it came by.
type sent struct {
	name, place string
	text        secret.Secret
}

// chain is what the three settings hold, as far as it can be read.
type chain struct {
	ca, cert, key sent

	authorities []*x509.Certificate
	server      []*x509.Certificate // the server's certificate and its intermediates
	signer      crypto.Signer
	keyBlock    *pem.Block
}

// takeCertificates reads and checks certs.ca, certs.cert and certs.key, or the keys of 2014. Empty
// strings are as if the keys were not there: templates send them as the default of a parameter.
func (p *parser) takeCertificates(wire protectedWire) {
	c := chain{
		ca:   p.pick("ca", wire.Certs.CA, "ca", wire.CA),
		cert: p.pick("cert", wire.Certs.Cert, "server-cert", wire.ServerCert),
		key:  p.pick("key", wire.Certs.Key, "server-key", wire.ServerKey),
	}
	var there, missing []string
	for _, s := range []sent{c.ca, c.cert, c.key} {
		if s.text.Empty() {
			missing = append(missing, s.name)
		} else {
			there = append(there, s.name)
		}
	}
	if p.certs = len(there) > 0; !p.certs || p.certsUnreadable() {
		return
	}
	if len(missing) > 0 {
		p.refuse(PlaceProtected("certs"), "send all three of ca, cert and key, or none of them",
			"has %s, but lacks %s", strings.Join(there, " and "), strings.Join(missing, " and "))
	}
	before := len(p.faults)
	p.readChain(&c)
	p.checkChain(&c)
	if len(p.faults) == before && len(missing) == 0 {
		p.settings.Certificates = c.certificates(p.opts.Now)
		p.noteCertificates(&c)
	}
}

// certsUnreadable tells whether the schema refused one of the three already.
func (p *parser) certsUnreadable() bool {
	for _, path := range []string{"certs.ca", "certs.cert", "certs.key", "ca", "server-cert", "server-key"} {
		if p.wrong(PlaceProtected(path)) {
			return true
		}
	}
	return false
}

// pick gives a setting by today's key or by that of 2014.
func (p *parser) pick(name string, today secret.Secret, oldKey string, oldText secret.Secret) sent {
	key := old{protected, oldKey, "certs." + name}
	if p.takeOld(key, !oldText.Empty(), !today.Empty()) {
		return sent{name, PlaceProtected(oldKey), oldText}
	}
	return sent{name, PlaceProtected("certs." + name), today}
}

func (p *parser) readChain(c *chain) {
	var faults [3]*fault.Fault
	if !c.ca.text.Empty() {
		c.authorities, faults[0] = certificates(c.ca.place, c.ca.text.Reveal())
	}
	if !c.cert.text.Empty() {
		c.server, faults[1] = certificates(c.cert.place, c.cert.text.Reveal())
	}
	if !c.key.text.Empty() {
		c.signer, c.keyBlock, faults[2] = privateKey(c.key.place, c.key.text.Reveal())
	}
	for _, f := range faults {
		if f != nil {
			p.faults = append(p.faults, f)
		}
	}
}

// checkChain checks what could be read, each part with what it needs.
func (p *parser) checkChain(c *chain) {
	if len(c.server) == 0 {
		return
	}
	if c.signer != nil {
		p.checkKey(c)
	}
	usable := p.checkDates(c) && p.checkUsage(c)
	if usable && len(c.authorities) > 0 {
		p.checkIssuer(c)
	}
}

// checkKey refuses a key that belongs to another certificate.
func (p *parser) checkKey(c *chain) {
	if belongs(c.signer, c.server[0]) {
		return
	}
	for _, other := range c.server[1:] {
		if belongs(c.signer, other) {
			p.refuse(c.cert.place, "put the server's certificate first and the intermediates after it",
				"does not begin with the certificate that %s belongs to", c.key.place)
			return
		}
	}
	p.refuse(c.key.place, "send the key that the certificate was made with",
		"is not the private key of %s", c.cert.place)
}

func belongs(key crypto.Signer, cert *x509.Certificate) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(cert.PublicKey)
}
