package pki_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"

	"docker-extension/test/harness/pki"
)

func newSet(t *testing.T) *pki.Set {
	t.Helper()
	set, err := pki.NewSet([]net.IP{net.IPv4(10, 1, 2, 3)}, "vm.example")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// verify says what a TLS client or server would say of a triple's certificate.
func verify(t *testing.T, triple pki.Triple, usage x509.ExtKeyUsage, name string) error {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(triple.CA))
	pair, err := tls.X509KeyPair([]byte(triple.Cert), []byte(triple.Key))
	if err != nil {
		return err
	}
	_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, DNSName: name, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}

func TestSetIsGood(t *testing.T) {
	set := newSet(t)
	for _, name := range []string{"10.1.2.3", "vm.example"} {
		if err := verify(t, set.Triple(), x509.ExtKeyUsageServerAuth, name); err != nil {
			t.Errorf("as %s: %v", name, err)
		}
	}
	client := pki.Triple{CA: string(set.Authority.Cert), Cert: string(set.Client.Cert), Key: string(set.Client.Key)}
	if err := verify(t, client, x509.ExtKeyUsageClientAuth, ""); err != nil {
		t.Errorf("the client: %v", err)
	}
}

func TestEveryFaultIsOne(t *testing.T) {
	set := newSet(t)
	for _, fault := range []pki.Fault{
		pki.Expired, pki.NotYet, pki.OtherCA, pki.OtherKey, pki.Encrypted, pki.ClientOnly, pki.Garbage, pki.WeakBase64,
		pki.NoKey, pki.KeyAsCert, pki.Truncated, pki.ManyFaults, pki.CAIsServer, pki.EmptyCAText,
	} {
		t.Run(string(fault), func(t *testing.T) {
			triple, err := set.Broken(t.Context(), fault)
			if err != nil {
				t.Fatal(err)
			}
			if fault == pki.CAIsServer {
				if triple.CA != triple.Cert {
					t.Error("ca and cert differ")
				}
				return
			}
			if err := verify(t, triple, x509.ExtKeyUsageServerAuth, ""); err == nil {
				t.Error("the certificates are good")
			}
		})
	}
}

func TestEncryptedKeyIsPKCS8(t *testing.T) {
	triple, err := newSet(t).Broken(t.Context(), pki.Encrypted)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(triple.Key))
	if block == nil || block.Type != "ENCRYPTED PRIVATE KEY" {
		t.Errorf("the key is no encrypted PEM block: %v", block)
	}
}

func TestNoNamesIsGoodButForItsNames(t *testing.T) {
	triple, err := newSet(t).Broken(t.Context(), pki.NoNames)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(t, triple, x509.ExtKeyUsageServerAuth, ""); err != nil {
		t.Errorf("without a name: %v", err)
	}
	if err := verify(t, triple, x509.ExtKeyUsageServerAuth, "vm.example"); err == nil {
		t.Error("it is good for a name that it does not hold")
	}
}
