package cms

import (
	"context"
	"encoding/base64"
	"os"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/openssl"
)

func open(a agent, message []byte, fallback OpenSSL) ([]byte, error) {
	return Open(context.Background(), a.store(), base64.StdEncoding.EncodeToString(message), a.thumbprint, fallback)
}

func TestOpen(t *testing.T) {
	a := newAgent(t)
	tests := []struct {
		name     string
		options  []string
		fallback bool // openssl is asked
	}{
		{"3DES", []string{"-des3"}, false},
		{"AES-128", []string{"-aes-128-cbc"}, false},
		{"AES-192", []string{"-aes-192-cbc"}, true},
		{"AES-256", []string{"-aes-256-cbc"}, false},
		{"3DES OAEP SHA-1", []string{"-des3", "-keyopt", "rsa_padding_mode:oaep"}, false},
		{"AES-128 OAEP SHA-1", []string{"-aes-128-cbc", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha1"}, false},
		{"AES-192 OAEP SHA-256", []string{"-aes-192-cbc", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"}, true},
		{"AES-256 OAEP SHA-256", []string{"-aes-256-cbc", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"}, false},
		{"recipient by key identifier", []string{"-aes-256-cbc", "-keyid"}, true},
		{"AES-256-GCM", []string{"-aes-256-gcm"}, true},
		{"BER", []string{"-aes-256-cbc", "-stream"}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fallback := &recorder{next: openssl.Command{}}
			plain, err := open(a, encrypt(t, a.cert, plainText, test.options...), fallback)
			if err != nil || string(plain) != plainText {
				t.Fatalf("Open = %q, %v", plain, err)
			}
			if (fallback.calls > 0) != test.fallback {
				t.Errorf("openssl was asked %d times", fallback.calls)
			}
		})
	}
}

// The tenant certificate is renewed with the same key now and then.
func TestOpenWithAnotherSerialNumber(t *testing.T) {
	a := newAgent(t)
	message := encrypt(t, newCert(t, a.key, 4711), plainText, "-des3")
	plain, err := open(a, message, openssl.Command{})
	if err != nil || string(plain) != plainText {
		t.Errorf("Open = %q, %v", plain, err)
	}
	if _, err := open(a, message, nil); fault.CodeOf(err) != fault.Decryption {
		t.Errorf("Open without openssl = %v", err)
	}
}

func TestOpenNothing(t *testing.T) {
	for _, protected := range []string{"", " \n"} {
		plain, err := Open(context.Background(), Store{}, protected, "B3364F39E3086E9AD0C67767348D7392D35BC176", nil)
		if plain != nil || err != nil {
			t.Errorf("Open(%q) = %q, %v", protected, plain, err)
		}
	}
}

func TestOpenFaults(t *testing.T) {
	a := newAgent(t)
	other := newAgent(t)
	tests := []struct {
		name       string
		message    []byte
		protected  string // instead of message
		thumbprint string
		want       string
	}{
		{name: "no thumbprint", message: []byte{0x30, 0}, thumbprint: "-",
			want: "protectedSettingsCertThumbprint: is missing, although there are protected settings (send the settings again)"},
		{name: "not a thumbprint", message: []byte{0x30, 0}, thumbprint: "../../etc/passwd",
			want: "protectedSettingsCertThumbprint: is not the thumbprint of a certificate: 40 hexadecimal digits (send the settings again)"},
		{name: "no such certificate", message: []byte{0x30, 0}, thumbprint: strings.Repeat("0", 40),
			want: "DIR/0000000000000000000000000000000000000000.prv: is not there: the agent no longer has the certificate that the protected settings were encrypted for (" + hintResend + ")"},
		{name: "not base64", protected: "%%%", want: "protectedSettings: are not base64, although the agent stores them so (send the settings again)"},
		{name: "not CMS", message: []byte(plainText), want: "protectedSettings: cannot be decrypted: the content is not a CMS message (send the settings again)"},
		{name: "something else in DER", message: []byte{0x30, 3, 2, 1, 1}, want: "protectedSettings: cannot be decrypted: the content is not a CMS message (send the settings again)"},
		{name: "another key", message: encrypt(t, other.cert, plainText, "-des3"),
			want: "protectedSettings: cannot be decrypted: they were changed on their way, or encrypted for another key than the one in DIR/THUMB.prv (" + hintResend + ")"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			protected, thumbprint := test.protected, a.thumbprint
			if protected == "" {
				protected = base64.StdEncoding.EncodeToString(test.message)
			}
			if test.thumbprint != "" {
				thumbprint = strings.Trim(test.thumbprint, "-")
			}
			plain, err := Open(context.Background(), a.store(), protected, thumbprint, nil)
			got := strings.NewReplacer(a.dir, "DIR", a.thumbprint, "THUMB").Replace(fault.Sentence(err, 0))
			if plain != nil || got != test.want || fault.CodeOf(err) != fault.Decryption {
				t.Errorf("Open = %q, code %d\n got: %s\nwant: %s", plain, fault.CodeOf(err), got, test.want)
			}
		})
	}
}

func TestThumbprintInLowerCase(t *testing.T) {
	a := newAgent(t)
	if _, err := a.store().Pair(" " + strings.ToLower(a.thumbprint) + "\n"); err != nil {
		t.Error(err)
	}
}

func TestPairFaults(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(t *testing.T, a agent)
		want  string
	}{
		{"no certificate", func(t *testing.T, a agent) { remove(t, a.path(".crt")) }, "THUMB.crt: is not there: the agent no longer has the certificate"},
		{"empty key", func(t *testing.T, a agent) { write(t, a.path(".prv"), "") }, "THUMB.prv: is not a PEM file with a PRIVATE KEY block"},
		{"half a key", func(t *testing.T, a agent) { a.write(t, ".prv", "", "PRIVATE KEY", []byte{0x30, 1}) }, "THUMB.prv: is not a private key"},
		{"half a certificate", func(t *testing.T, a agent) { a.write(t, ".crt", "", "CERTIFICATE", []byte{0x30, 1}) }, "THUMB.crt: is not a certificate"},
		{"key of another", func(t *testing.T, a agent) {
			other := newAgent(t)
			a.write(t, ".crt", "", "CERTIFICATE", other.cert)
		}, "THUMB.prv: is not the private key of "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := newAgent(t)
			test.spoil(t, a)
			_, err := a.store().Pair(a.thumbprint)
			if err == nil || fault.CodeOf(err) != fault.Decryption {
				t.Fatalf("Pair = %v", err)
			}
			if got := strings.ReplaceAll(err.Error(), a.thumbprint, "THUMB"); !strings.Contains(got, test.want) {
				t.Errorf("Pair = %s\nwant %s", got, test.want)
			}
			if faults := fault.Faults(err); faults[0].Hint == "" {
				t.Error("there is no hint")
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
