package pki

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"
)

// Triple is the three texts of protectedSettings.certs, as a person gives them.
type Triple struct {
	CA, Cert, Key string
}

// Triple gives the set as settings take it.
func (s *Set) Triple() Triple { return triple(s.Authority, s.Server) }

func triple(authority *Authority, server Pair) Triple {
	return Triple{CA: string(authority.Cert), Cert: string(server.Cert), Key: string(server.Key)}
}

// Fault names a way in which certificates are wrong.
type Fault string

// The ways.
const (
	Expired     Fault = "expired"         // the server's certificate has ended
	NotYet      Fault = "not yet valid"   // it begins tomorrow
	OtherCA     Fault = "other authority" // ca is not the one that has signed cert
	OtherKey    Fault = "other key"       // key belongs to another certificate
	Encrypted   Fault = "encrypted key"   // key is PEM with a passphrase
	ClientOnly  Fault = "client only"     // cert is not for servers
	NoNames     Fault = "no names"        // cert has no subject alternative name: a note, not a fault
	Garbage     Fault = "garbage base64"  // cert is neither PEM nor base64
	NoKey       Fault = "no key"          // half of the certificates
	KeyAsCert   Fault = "key as cert"     // cert holds the key
	WeakBase64  Fault = "base64 of junk"  // cert is base64, but not of PEM
	Truncated   Fault = "truncated"       // cert ends in the middle
	ManyFaults  Fault = "many faults"     // expired, and the key of another certificate
	CAIsServer  Fault = "ca is cert"      // ca is the server's certificate
	EmptyCAText Fault = "empty ca"        // ca is an empty text
)

// Broken gives the set's certificates with one fault in them. The set itself stays as it is.
func (s *Set) Broken(ctx context.Context, fault Fault) (Triple, error) {
	if leaf, ok := leaves()[fault]; ok {
		pair, err := s.Authority.Issue(leaf)
		return triple(s.Authority, pair), err
	}
	t := s.Triple()
	switch fault {
	case OtherCA:
		other, err := NewAuthority("another authority")
		if err != nil {
			return Triple{}, err
		}
		t.CA = string(other.Cert)
	case OtherKey:
		t.Key = string(s.Client.Key)
	case Encrypted:
		key, err := encryptKey(ctx, s.Server.Key)
		if err != nil {
			return Triple{}, err
		}
		t.Key = string(key)
	case ManyFaults:
		expired, err := s.Broken(ctx, Expired)
		if err != nil {
			return Triple{}, err
		}
		t.Cert = expired.Cert
	default:
		return s.misplaced(fault)
	}
	return t, nil
}

// leaves gives the faults that are in what a certificate says.
func leaves() map[Fault]Leaf {
	here := []net.IP{net.IPv4(127, 0, 0, 1)}
	return map[Fault]Leaf{
		Expired:    {Name: "server", IPs: here, Usage: serverUse(), From: time.Now().AddDate(-1, 0, 0), To: time.Now().AddDate(0, 0, -1)},
		NotYet:     {Name: "server", IPs: here, Usage: serverUse(), From: time.Now().AddDate(0, 0, 1)},
		ClientOnly: {Name: "server", IPs: here, Usage: clientUse()},
		NoNames:    {Name: "server", Usage: serverUse()},
	}
}

// misplaced gives the faults that are in the text and not in the certificate.
func (s *Set) misplaced(fault Fault) (Triple, error) {
	t := s.Triple()
	switch fault {
	case Garbage:
		t.Cert = "this is not base64, and not PEM either!"
	case WeakBase64:
		t.Cert = "bm90IGEgY2VydGlmaWNhdGU="
	case NoKey:
		t.Key = ""
	case KeyAsCert:
		t.Cert = t.Key
	case Truncated:
		t.Cert = t.Cert[:len(t.Cert)/2]
	case CAIsServer:
		t.CA = t.Cert
	case EmptyCAText:
		t.CA = ""
	default:
		return Triple{}, fmt.Errorf("no such fault: %s", fault)
	}
	return t, nil
}

// encryptKey gives key with a passphrase, which openssl reads from its environment.
func encryptKey(ctx context.Context, key []byte) ([]byte, error) {
	var out, complaint bytes.Buffer
	command := exec.CommandContext(ctx, "openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "env:PKI_PASSPHRASE")
	command.Env = append(os.Environ(), "PKI_PASSPHRASE=correct horse")
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(key), &out, &complaint
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("cannot encrypt the key: %w: %s", err, complaint.String())
	}
	return out.Bytes(), nil
}
