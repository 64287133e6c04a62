package pki

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"docker-extension/internal/fault"
)

// ReadAuthority reads an authority that was made earlier, by this program or another.
func ReadAuthority(p Pair) (Authority, error) {
	cert, err := ReadCertificate(p.Cert)
	if err != nil {
		return Authority{}, wrong(CAFile, "take the authority's certificate in PEM", err.Error())
	}
	signer := readKey(p.Key.Reveal())
	public, comparable := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	switch {
	case !cert.IsCA:
		return Authority{}, wrong(CAFile, "take the certificate of the authority", "is not the certificate of an authority")
	case signer == nil:
		return Authority{}, wrong(CAKeyFile, "take the authority's private key in PEM, without a passphrase", "holds no private key that can be used")
	case !comparable || !public.Equal(signer.Public()):
		return Authority{}, wrong(CAKeyFile, "take the key that "+CAFile+" was made with", "is not the private key of "+CAFile)
	}
	return Authority{Pair: p, cert: cert, signer: signer}, nil
}

// ReadCertificate reads the first certificate in a PEM text.
func ReadCertificate(text []byte) (*x509.Certificate, error) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
	return nil, errNoCertificate
}

// NamesOf gives the names that a certificate is good for.
func NamesOf(cert *x509.Certificate) Names {
	names := Names{Hosts: slices.Clone(cert.DNSNames)}
	for _, ip := range cert.IPAddresses {
		if address, ok := netip.AddrFromSlice(ip); ok {
			names.Addresses = append(names.Addresses, address.Unmap())
		}
	}
	return names
}

// ForServer tells whether a certificate may be a server's: one that lists its uses lists this one.
func ForServer(cert *x509.Certificate) bool {
	return len(cert.ExtKeyUsage)+len(cert.UnknownExtKeyUsage) == 0 ||
		slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageServerAuth) || slices.Contains(cert.ExtKeyUsage, x509.ExtKeyUsageAny)
}

// isHostName tells whether RFC 1123 and 4592 allow a name: labels of letters, digits and dashes, the first
// of which may be a wildcard. Underscores are allowed because they are in use.
func isHostName(name string) bool {
	return len(name) <= 253 && regexp.MustCompile(`^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`).MatchString(name)
}

// ReadNames reads host names and addresses as a person gives them. An address among the hosts is one.
func ReadNames(hosts, addresses []string) (Names, error) {
	var names Names
	var faults fault.List
	for _, host := range hosts {
		host = strings.TrimSuffix(host, ".")
		address, err := netip.ParseAddr(host)
		switch {
		case err == nil:
			names.Addresses = append(names.Addresses, address.Unmap())
		case isHostName(host):
			names.Hosts = append(names.Hosts, strings.ToLower(host))
		default:
			faults = append(faults, fault.New(fault.Usage, "--host", "name the host as clients will, like myvm.westeurope.cloudapp.azure.com, without a scheme or a port",
				"%q is not the name of a host", fault.Shorten(host, 80)))
		}
	}
	for _, text := range addresses {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			faults = append(faults, fault.New(fault.Usage, "--ip", "write an address like 10.0.0.4", "%q is not an IP address", fault.Shorten(text, 80)))
			continue
		}
		names.Addresses = append(names.Addresses, address.Unmap())
	}
	return names, faults.AsError()
}

// readKey reads a private key in PEM; nil if there is none that can sign.
func readKey(text string) crypto.Signer {
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return key
		}
		if key, err := x509.ParseECPrivateKey(block.Bytes); err == nil {
			return key
		}
		if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			signer, _ := key.(crypto.Signer)
			return signer
		}
	}
	return nil
}

func wrong(place, hint, message string) error {
	return fault.New(fault.SettingsInvalid, place, hint, "%s", message)
}
