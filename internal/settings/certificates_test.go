package settings

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	publicPort = `{"docker": {"port": 2376}}`
	block      = "-----BEGIN %s-----\n%s-----END %[1]s-----\n"
)

// parseCerts parses protected settings together with a port.
func parseCerts(protected []byte) (Settings, error) {
	return Parse([]byte(publicPort), protected, Options{Now: now})
}

func TestCertificates(t *testing.T) {
	ca := authority(t, nil)
	server := ca.server(t, newKey(t), nil)
	protected := certs(t, ca.certPEM(), server.certPEM(), server.keyPEM(t))
	s, err := parseCerts(protected)
	if err != nil {
		t.Fatal(err)
	}
	got := s.Certificates
	if string(got.CA) != ca.certPEM() || string(got.Cert) != server.certPEM() || got.Key.Reveal() != server.keyPEM(t) {
		t.Errorf("the certificates came out changed: %s", got.Cert)
	}
	if !got.NotAfter.Equal(server.cert.NotAfter) || !slices.Equal(got.Names, []string{"vm.example.com", "10.0.0.4"}) || len(s.Notes) != 0 {
		t.Errorf("NotAfter %v, Names %q, Notes %q", got.NotAfter, got.Names, s.Notes)
	}
}

// Whatever people put around PEM, the same comes out of it.
func TestCertificatesInDisguise(t *testing.T) {
	ca := authority(t, nil)
	server := ca.server(t, newKey(t), nil)
	std := base64.StdEncoding.EncodeToString
	disguises := map[string]func(string) string{
		"base64":              func(s string) string { return std([]byte(s)) },
		"base64 in lines":     func(s string) string { return string(inLines(std([]byte(s)))) },
		"CRLF":                func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"base64 of CRLF":      func(s string) string { return std([]byte(strings.ReplaceAll(s, "\n", "\r\n"))) },
		"no last line break":  strings.TrimSpace,
		"text around":         func(s string) string { return "Bag Attributes\n  x: 1\n" + s + "\n# the end\n" },
		"blanks around":       func(s string) string { return "\n\n  \n" + s + "\n\n" },
		"byte order mark":     func(s string) string { return "\ufeff" + s },
		"spaces after a line": func(s string) string { return strings.ReplaceAll(s, "\n", " \n") },
	}
	for name, disguise := range disguises {
		t.Run(name, func(t *testing.T) {
			s, err := parseCerts(certs(t, disguise(ca.certPEM()), disguise(server.certPEM()), disguise(server.keyPEM(t))))
			if err != nil {
				t.Fatal(err)
			}
			if c := s.Certificates; string(c.CA) != ca.certPEM() || string(c.Cert) != server.certPEM() || c.Key.Reveal() != server.keyPEM(t) {
				t.Error("the certificates came out changed")
			}
		})
	}
}

func inLines(text string) []byte {
	var out []byte
	for line := range slices.Chunk([]byte(text), 76) {
		out = append(append(out, line...), '\r', '\n')
	}
	return out
}

// What comes out is what dockerd loads.
func TestKeysOfAllKinds(t *testing.T) {
	ca := authority(t, nil)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	longKey := newKeyOn(t, elliptic.P521())
	sec1, err := x509.MarshalECPrivateKey(ecKey)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	tests := []struct {
		name string
		key  crypto.Signer
		pem  string
	}{
		{"RSA PKCS#8", rsaKey, issued{key: rsaKey}.keyPEM(t)},
		{"RSA PKCS#1", rsaKey, encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey))},
		{"ECDSA PKCS#8", ecKey, issued{key: ecKey}.keyPEM(t)},
		{"ECDSA on P-521", longKey, issued{key: longKey}.keyPEM(t)},
		{"ECDSA SEC 1 with parameters", ecKey, encode("EC PARAMETERS", []byte{6, 5, 0x2b, 0x81, 4, 0, 0x22}) + encode("EC PRIVATE KEY", sec1)},
		{"Ed25519", edKey, issued{key: edKey}.keyPEM(t)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := parseCerts(certs(t, ca.certPEM(), ca.server(t, test.key, nil).certPEM(), test.pem))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tls.X509KeyPair(s.Certificates.Cert, []byte(s.Certificates.Key.Reveal())); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestIntermediates(t *testing.T) {
	root := authority(t, nil)
	between := issue(t, &x509.Certificate{
		SerialNumber: root.cert.SerialNumber, NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 3, 0),
		IsCA: true, BasicConstraintsValid: true, RawSubject: []byte("\x30\x0f\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04\x6e\x65\x78\x74"),
	}, root, newKey(t), nil)
	server := between.server(t, newKey(t), nil)
	s, err := parseCerts(certs(t, root.certPEM(), server.certPEM()+between.certPEM(), server.keyPEM(t)))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Certificates.NotAfter.Equal(between.cert.NotAfter) {
		t.Errorf("NotAfter = %v, want that of the intermediate, which ends first", s.Certificates.NotAfter)
	}
	_, err = parseCerts(certs(t, root.certPEM(), between.certPEM()+server.certPEM(), server.keyPEM(t)))
	compareFaults(t, err, []string{
		"protectedSettings.certs.cert: does not begin with the certificate that protectedSettings.certs.key belongs to (put the server's certificate first and the intermediates after it)"})
	_, err = parseCerts(certs(t, root.certPEM(), server.certPEM(), server.keyPEM(t)))
	compareFaults(t, err, []string{
		"protectedSettings.certs.cert: was not issued by protectedSettings.certs.ca (send the authority that issued the certificate as ca, and intermediates after the certificate)"})
}

func TestCertificatesOf2014(t *testing.T) {
	ca := authority(t, nil)
	server := ca.server(t, newKey(t), nil)
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	s, err := Parse([]byte(`{"dockerport": "4243"}`), object(t, map[string]string{
		"ca": b64(ca.certPEM()), "server-cert": b64(server.certPEM()), "server-key": b64(server.keyPEM(t)),
	}), Options{Now: now})
	if err != nil || s.Docker.Port != 4243 || s.Certificates == nil || len(s.Notes) != 4 {
		t.Fatalf("Parse = %v, notes %q", err, s.Notes)
	}
	_, err = Parse(nil, object(t, map[string]any{"ca": "x", "certs": map[string]string{"ca": "x"}}), Options{Now: now})
	if err == nil || !strings.Contains(err.Error(), "protectedSettings.ca: is the key of 2014 for protectedSettings.certs.ca, and both are there") {
		t.Errorf("Parse = %v", err)
	}
}

func TestCertificateNotes(t *testing.T) {
	ca := authority(t, nil)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		key    crypto.Signer
		change func(*x509.Certificate)
		want   string
	}{
		{"no names", newKey(t), func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, nil },
			"protectedSettings.certs.cert names no host (subjectAltName): clients refuse it unless they leave out the check of the name"},
		{"short key", short, nil, "protectedSettings.certs.cert has an RSA key of 1024 bits; use 2048 or more"},
		{"ends soon", newKey(t), func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, 0, 9) },
			"the certificates of the remote API end on 2026-11-10"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := ca.server(t, test.key, test.change)
			s, err := parseCerts(certs(t, ca.certPEM(), server.certPEM(), server.keyPEM(t)))
			if err != nil || !slices.Equal(s.Notes, []string{test.want}) {
				t.Errorf("Notes = %q, %v", s.Notes, err)
			}
		})
	}
}

// A certificate without extended key usages is good for everything. The tool of 2014 made them so.
func TestNoUsagesAreAllUsages(t *testing.T) {
	ca := authority(t, nil)
	for _, usages := range [][]x509.ExtKeyUsage{nil, {x509.ExtKeyUsageAny}, {x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}} {
		server := ca.server(t, newKey(t), func(c *x509.Certificate) { c.ExtKeyUsage = usages })
		if _, err := parseCerts(certs(t, ca.certPEM(), server.certPEM(), server.keyPEM(t))); err != nil {
			t.Errorf("usages %v: %v", usages, err)
		}
	}
}

func TestCertificateFaults(t *testing.T) {
	ca := authority(t, nil)
	server := ca.server(t, newKey(t), nil)
	good := func() [3]string { return [3]string{ca.certPEM(), server.certPEM(), server.keyPEM(t)} }
	made := func(by issued, change func(*x509.Certificate)) [3]string {
		s := by.server(t, newKey(t), change)
		return [3]string{by.certPEM(), s.certPEM(), s.keyPEM(t)}
	}
	replaced := func(i int, text string) [3]string {
		all := good()
		all[i] = text
		return all
	}
	oldCA := authority(t, func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, 0, -1) })
	notCA := authority(t, func(c *x509.Certificate) { c.IsCA = false })
	shortCurve := ca.server(t, newKeyOn(t, elliptic.P224()), nil)
	const place = "protectedSettings.certs."
	tests := []struct {
		name string
		sent [3]string
		want string
	}{
		{"no key", replaced(2, ""), `protectedSettings.certs: has ca and cert, but lacks key (send all three of ca, cert and key, or none of them)`},
		{"garbage", replaced(0, "hush!"), place + "ca: is neither PEM nor base64 of PEM (" + hintSendFile + ")"},
		{"base64 cut short", replaced(1, base64.StdEncoding.EncodeToString([]byte(server.certPEM()))[:401]), place + "cert: is neither PEM nor base64 of PEM (" + hintSendFile + ")"},
		{"DER", replaced(1, base64.StdEncoding.EncodeToString(server.cert.Raw)), place + "cert: is base64 of something that is not PEM (" + hintToPEM + ")"},
		{"lost line breaks", replaced(1, strings.ReplaceAll(server.certPEM(), "\n", `\n`)), place + "cert: holds PEM that cannot be read; its line breaks may be lost, or its end (" + hintSendFile + ")"},
		{"lost end", replaced(1, server.certPEM()[:300]), place + "cert: holds PEM that cannot be read; its line breaks may be lost, or its end (" + hintSendFile + ")"},
		{"not a certificate", replaced(0, fmt.Sprintf(block, "CERTIFICATE", "aHVzaA==\n")), place + "ca: holds a certificate that cannot be read (" + hintLookAt + ")"},
		{"key with the certificate", replaced(1, server.certPEM()+server.keyPEM(t)), place + "cert: holds a private key (send only certificates here, without the key)"},
		{"swapped", [3]string{ca.certPEM(), server.keyPEM(t), server.certPEM()},
			place + "cert: holds a private key (send only certificates here, without the key)\n" +
				place + "key: holds a certificate (send the private key of the server's certificate, and nothing else)"},
		{"two keys", replaced(2, server.keyPEM(t)+server.keyPEM(t)), place + "key: holds a private key (send the private key of the server's certificate, and nothing else)"},
		{"a kind of its own", replaced(2, fmt.Sprintf(block, "hush", "aHVzaA==\n")), place + "key: holds a PEM block of another kind (send the private key of the server's certificate, and nothing else)"},
		{"encrypted key", replaced(2, fmt.Sprintf(block, "ENCRYPTED PRIVATE KEY", "aHVzaA==\n")), place + "key: is encrypted with a passphrase, and the engine cannot ask for it (" + hintPlainKey + ")"},
		{"encrypted key, old form", replaced(2, fmt.Sprintf(block, "RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\naHVzaA==\n")),
			place + "key: is encrypted with a passphrase, and the engine cannot ask for it (" + hintPlainKey + ")"},
		{"parameters only", replaced(2, fmt.Sprintf(block, "EC PARAMETERS", "aHVzaA==\n")), place + "key: holds no private key (" + hintSendFile + ")"},
		{"broken key", replaced(2, fmt.Sprintf(block, "PRIVATE KEY", "aHVzaA==\n")),
			place + "key: is not a private key that the engine can use (send an RSA, ECDSA or Ed25519 key; openssl pkey -in FILE rewrites old formats)"},
		{"key of another", replaced(2, issued{key: newKey(t)}.keyPEM(t)), place + "key: is not the private key of protectedSettings.certs.cert (send the key that the certificate was made with)"},
		{"expired", made(ca, func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, 0, -1) }), place + "cert: expired on 2026-10-31 (make a new certificate and send it)"},
		{"not yet", made(ca, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Hour) }),
			place + "cert: is not valid before 2026-11-01T13:00:00Z (check the clock of the VM and of the machine that made the certificate)"},
		{"for clients only", made(ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }),
			place + "cert: is not made for a server: its extended key usages lack serverAuth, so that clients refuse it (make the certificate with extendedKeyUsage = serverAuth)"},
		{"another authority of the same name", replaced(0, authority(t, nil).certPEM()),
			place + "cert: names the authority in protectedSettings.certs.ca as its issuer, but was not signed with its key (send the certificate of the very authority that signed it; one with the same name is not enough)"},
		{"another authority", replaced(0, authority(t, func(c *x509.Certificate) { c.Subject.CommonName = "other" }).certPEM()),
			place + "cert: was not issued by protectedSettings.certs.ca (send the authority that issued the certificate as ca, and intermediates after the certificate)"},
		{"expired authority", made(oldCA, nil), place + "ca: expired on 2026-10-31 (make a new authority and new certificates from it)"},
		{"a key on P-224", [3]string{ca.certPEM(), shortCurve.certPEM(), shortCurve.keyPEM(t)},
			place + "cert: has a key on curve P-224, which TLS 1.3 does not take (make a new key on curve P-256, and a certificate for it)"},
		{"no authority", made(notCA, nil), place + "ca: is not the certificate of an authority (make the authority with basicConstraints = CA:TRUE)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := parseCerts(certs(t, test.sent[0], test.sent[1], test.sent[2]))
			compareFaults(t, err, strings.Split(test.want, "\n"))
			if s.Certificates != nil {
				t.Error("there are certificates all the same")
			}
		})
	}
}

// Certificates that Go cannot make any more: as the tool of 2014 made them, with openssl.
func TestCertificatesOfOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl, which makes the certificates of this test, is not installed")
	}
	tests := []struct {
		name, bits, digest string
		want               string
	}{
		{"version 1, no names", "2048", "-sha256", ""},
		{"SHA-1", "2048", "-sha1", "protectedSettings.certs.cert: is signed with an algorithm that clients no longer take (sign the certificate with SHA-256 or better)"},
		{"512 bits", "512", "-sha256", "protectedSettings.certs.cert: has an RSA key of 512 bits, which is too short for TLS (make a new key of 2048 bits or more, and a certificate for it)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sent := opensslChain(t, test.bits, test.digest)
			s, err := Parse([]byte(publicPort), sent, Options{Now: time.Now()})
			if test.want != "" {
				compareFaults(t, err, []string{test.want})
				return
			}
			if err != nil || s.Certificates == nil || !strings.Contains(strings.Join(s.Notes, "\n"), "names no host") {
				t.Errorf("Parse = %v, notes %q", err, s.Notes)
			}
		})
	}
}

// opensslChain makes an authority "*" and a server "*" without any extension.
func opensslChain(t *testing.T, bits, digest string) []byte {
	t.Helper()
	dir := t.TempDir()
	openssl := func(command string) string {
		t.Helper()
		cmd := exec.Command("openssl", strings.Fields(command)...)
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("openssl %s: %v", command, err)
		}
		return string(out)
	}
	openssl("req -x509 -newkey rsa:2048 -nodes -sha256 -days 365 -subj /CN=* -keyout ca.key -out ca.pem")
	openssl("genrsa -out key.pem " + bits)
	openssl("req -new -key key.pem -subj /CN=* -out req.pem")
	openssl("x509 -req -days 365 -in req.pem -CA ca.pem -CAkey ca.key -set_serial 1 -out cert.pem " + digest)
	return certs(t, openssl("x509 -text -in ca.pem"), openssl("x509 -text -in cert.pem"), openssl("rsa -in key.pem"))
}
