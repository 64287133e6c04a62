package pki

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/secret"
	"docker-extension/internal/settings"
)

func now() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }

func request() Request {
	return Request{
		Names: Names{Hosts: []string{"vm.example.com"}, Addresses: []netip.Addr{netip.MustParseAddr("10.0.0.4"), netip.MustParseAddr("::1")}},
		Port:  2376, Now: now(), CALife: 3650 * 24 * time.Hour, Life: 365 * 24 * time.Hour,
	}
}

func complete(t *testing.T, there Files, want Request) Files {
	t.Helper()
	files, err := Complete(there, want)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, files Files, name string) *x509.Certificate {
	t.Helper()
	cert, err := ReadCertificate([]byte(files[name].Reveal()))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return cert
}

// A new set is what dockerd, docker and our own settings want: each certificate for its use, by one
// authority, for the named time.
func TestNewSet(t *testing.T) {
	files := complete(t, nil, request())
	if len(files) != len(FileNames()) {
		t.Errorf("%d files, want %d", len(files), len(FileNames()))
	}
	ca, server, client := read(t, files, CAFile), read(t, files, ServerCertFile), read(t, files, CertFile)
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	for _, test := range []struct {
		name  string
		cert  *x509.Certificate
		host  string
		usage x509.ExtKeyUsage
		good  bool
	}{
		{"server by name", server, "vm.example.com", x509.ExtKeyUsageServerAuth, true},
		{"server by address", server, "10.0.0.4", x509.ExtKeyUsageServerAuth, true},
		{"server by another address", server, "::1", x509.ExtKeyUsageServerAuth, true},
		{"server by another name", server, "other.example.com", x509.ExtKeyUsageServerAuth, false},
		{"server as a client", server, "", x509.ExtKeyUsageClientAuth, false},
		{"client", client, "", x509.ExtKeyUsageClientAuth, true},
		{"client as a server", client, "", x509.ExtKeyUsageServerAuth, false},
	} {
		_, err := test.cert.Verify(x509.VerifyOptions{
			DNSName: test.host, Roots: roots, CurrentTime: now().Add(364 * 24 * time.Hour), KeyUsages: []x509.ExtKeyUsage{test.usage},
		})
		if (err == nil) != test.good {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	for _, cert := range []*x509.Certificate{server, client} {
		if !cert.NotAfter.Equal(now().Add(365*24*time.Hour)) || cert.IsCA || cert.KeyUsage != x509.KeyUsageDigitalSignature || cert.PublicKeyAlgorithm != x509.ECDSA {
			t.Errorf("%s: until %s, uses %v", cert.Subject, cert.NotAfter, cert.KeyUsage)
		}
	}
	if !ca.NotAfter.Equal(now().Add(3650*24*time.Hour)) || !ca.MaxPathLenZero || ca.KeyUsage&x509.KeyUsageCertSign == 0 {
		t.Errorf("the authority: until %s, %+v", ca.NotAfter, ca.KeyUsage)
	}
	s, err := settings.Parse([]byte(files[PublicFile].Reveal()), []byte(files[ProtectedFile].Reveal()), settings.Options{Now: now()})
	if err != nil || len(s.Notes) != 0 || s.Docker.Port != 2376 || !slices.Contains(s.Certificates.Names, "vm.example.com") {
		t.Errorf("our own settings say: %v, notes %q", err, s.Notes)
	}
}

// A certificate does not outlive its authority, and what is printed of a set shows no key.
func TestLifeAndSecrecy(t *testing.T) {
	short := request()
	short.CALife = 10 * 24 * time.Hour
	files := complete(t, nil, short)
	if end := read(t, files, ServerCertFile).NotAfter; !end.Equal(now().Add(short.CALife)) {
		t.Errorf("the certificate ends on %s, after its authority", end)
	}
	if text := fmt.Sprintf("%v %+v %#v", files, files, files); strings.Contains(text, "BEGIN") {
		t.Error("a set prints its content")
	}
}

func TestRenew(t *testing.T) {
	old := complete(t, nil, request())
	old[PublicFile] = secret.New(`{"docker": {"port": 1234}}`)
	old[ProtectedFile] = secret.New(`{"environment": {"A": "<&>"}, "certs": {"ca": "old"}}`)
	again := Request{Now: now().Add(time.Hour), Life: time.Hour, CALife: time.Hour, Renew: true, Port: 1}
	fresh := complete(t, old, again)
	for _, name := range FileNames() {
		same := fresh[name] == old[name]
		if want := name == CAFile || name == CAKeyFile || name == PublicFile; same != want {
			t.Errorf("%s is the same: %v, want %v", name, same, want)
		}
	}
	if got := NamesOf(read(t, fresh, ServerCertFile)).List(); !slices.Equal(got, request().Names.List()) {
		t.Errorf("names %q", got)
	}
	var protected struct {
		Environment map[string]string
		Certs       map[string]string
	}
	if err := json.Unmarshal([]byte(fresh[ProtectedFile].Reveal()), &protected); err != nil || protected.Environment["A"] != "<&>" ||
		protected.Certs["key"] != fresh[ServerKeyFile].Reveal() {
		t.Errorf("the settings did not stay as they were: %v", err)
	}
}

func TestTakingWhatIsThere(t *testing.T) {
	set := complete(t, nil, request())
	other := complete(t, nil, request())
	pick := func(from Files, names ...string) Files {
		files := Files{}
		for _, name := range names {
			files[name] = from[name]
		}
		return files
	}
	serverAsCert := Files{CAFile: set[CAFile], CertFile: set[ServerCertFile], KeyFile: set[ServerKeyFile]}
	mixed := pick(set, CAFile)
	mixed[CAKeyFile] = other[CAKeyFile]
	notAuthority := Files{CAFile: set[CertFile], CAKeyFile: set[KeyFile]}
	tests := []struct {
		name  string
		there Files
		want  Request
		made  string // a file that is there afterwards
		place string // of the fault; "" for none
	}{
		{"all of it", set, Request{}, CertFile, ""},
		{"without the authority's key", pick(set, CAFile, ServerCertFile, ServerKeyFile), Request{}, ProtectedFile, ""},
		{"the server's as cert.pem", serverAsCert, Request{}, ServerCertFile, ""},
		{"the authority alone", pick(set, CAFile, CAKeyFile), request(), CertFile, ""},
		{"the authority alone, without a name", pick(set, CAFile, CAKeyFile), Request{}, "", "--host"},
		{"a client's alone", pick(set, CAFile, CertFile, KeyFile), request(), "", ServerCertFile},
		{"no authority", pick(set, ServerCertFile, ServerKeyFile), Request{}, "", CAFile},
		{"nothing to renew", nil, Request{Renew: true}, "", CAFile},
		{"nothing to renew with", pick(set, CAFile, ServerCertFile), Request{Renew: true}, "", CAKeyFile},
		{"another authority's key", mixed, request(), "", CAKeyFile},
		{"no authority's certificate", notAuthority, request(), "", CAFile},
		{"no PEM", Files{CAFile: secret.New("x"), CAKeyFile: secret.New("y")}, request(), "", CAFile},
		{"settings that are none", Files{ProtectedFile: secret.New("[]")}, request(), "", ProtectedFile},
		{"nothing, and no name", nil, Request{}, "", "--host"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.want.Now.IsZero() {
				test.want.Now, test.want.Life = now(), time.Hour
			}
			files, err := Complete(test.there, test.want)
			if test.place == "" {
				if err != nil || files[test.made].Empty() {
					t.Errorf("no %s: %v", test.made, err)
				}
				return
			}
			var f *fault.Fault
			if !errors.As(err, &f) || f.Place != test.place || f.Hint == "" {
				t.Errorf("got %v, want a fault at %s", err, test.place)
			}
		})
	}
}

func TestReadNames(t *testing.T) {
	names, err := ReadNames([]string{"VM.Example.com.", "10.0.0.5", "*.example.com", "a_b"}, []string{"10.0.0.4", "fe80::1", "::ffff:1.2.3.4"})
	if got := strings.Join(names.List(), " "); err != nil || got != "vm.example.com *.example.com a_b 10.0.0.5 10.0.0.4 fe80::1 1.2.3.4" {
		t.Errorf("%q, %v", got, err)
	}
	for _, host := range []string{"", "a b", "tcp://vm", "vm:2376", "-vm", "vm-.x", "müller.example", "a..b", strings.Repeat("a.", 130) + "a", "*"} {
		if _, err := ReadNames([]string{host}, nil); fault.CodeOf(err) != fault.Usage {
			t.Errorf("%q is taken for a host", host)
		}
	}
	for _, address := range []string{"", "vm", "10.0.0", "10.0.0.4/24", "fe80::1%eth0"} {
		if _, err := ReadNames(nil, []string{address}); fault.CodeOf(err) != fault.Usage {
			t.Errorf("%q is taken for an address", address)
		}
	}
}
