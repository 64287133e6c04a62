package cms

import (
	"bytes"
	"context"
	"crypto/x509"
	"strings"
	"testing"

	"github.com/smallstep/pkcs7"

	"docker-extension/internal/fault"
)

// Old openssl wrote keys in the formats of their algorithm.
func TestPKCS1Key(t *testing.T) {
	a := newAgent(t)
	a.write(t, ".prv", "Bag Attributes: <No Attributes>\n", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(a.key))
	plain, err := open(a, encrypt(t, a.cert, plainText, "-des3"), nil)
	if err != nil || string(plain) != plainText {
		t.Errorf("Open = %q, %v", plain, err)
	}
}

// Each byte of a message is spoiled in three ways. There is no integrity check in CMS enveloping,
// so other bytes may come out, but no panic, no fault of another code, and no plain text in errors.
func TestTampering(t *testing.T) {
	a := newAgent(t)
	pair, err := a.store().Pair(a.thumbprint)
	if err != nil {
		t.Fatal(err)
	}
	message := encrypt(t, a.cert, plainText, "-des3")
	opened := 0
	for i := range message {
		for _, mask := range []byte{0x01, 0x80, 0xff} {
			spoiled := bytes.Clone(message)
			spoiled[i] ^= mask
			plain, err := Decrypt(context.Background(), spoiled, pair, nil)
			if err == nil {
				opened++
				continue
			}
			if plain != nil || fault.CodeOf(err) != fault.Decryption || strings.Contains(err.Error(), "hush") {
				t.Fatalf("byte %d ^ %#x: %q, %v", i, mask, plain, err)
			}
		}
	}
	if opened > len(message)/4 {
		t.Errorf("%d of %d spoiled messages were opened", opened, 3*len(message))
	}
	for length := range message {
		if _, err := Decrypt(context.Background(), message[:length], pair, nil); fault.CodeOf(err) != fault.Decryption {
			t.Fatalf("the first %d bytes: %v", length, err)
		}
	}
}

// beyondLibrary tells one error by its text.
func TestLibraryStillSaysNoRecipient(t *testing.T) {
	a, other := newAgent(t), newAgent(t)
	parsed, err := pkcs7.Parse(encrypt(t, newCert(t, a.key, 4711), plainText, "-des3"))
	if err != nil {
		t.Fatal(err)
	}
	pair, err := other.store().Pair(other.thumbprint)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = parsed.Decrypt(pair.Cert, pair.Key); err == nil || !beyondLibrary(err) {
		t.Errorf("Decrypt = %v", err)
	}
}

// Lengths that reach beyond the value around them make the library's BER reader read everything
// after them twice, at each level: 136 bytes of the first bomb took it 4 s, 816 would take for ever.
func TestNestingCostsNothing(t *testing.T) {
	a := newAgent(t)
	pair, err := a.store().Pair(a.thumbprint)
	if err != nil {
		t.Fatal(err)
	}
	bombs := map[string][]byte{
		"overlapping": append(bytes.Repeat([]byte{0x30, 6, 0x30, 2}, 200), bytes.Repeat([]byte{5, 0}, 8)...),
		"deep":        bytes.Repeat([]byte{0x30, 0x80}, maxMessage/2),
		"too long":    append([]byte{0x30, 0x84, 0x01, 0, 0, 0}, make([]byte, 1<<24)...),
	}
	for name, bomb := range bombs {
		if _, err := Decrypt(context.Background(), bomb, pair, nil); fault.CodeOf(err) != fault.Decryption {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	a := newAgent(f)
	pair, err := a.store().Pair(a.thumbprint)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{})
	f.Add([]byte{0x30, 0x80, 0, 0})
	f.Add(encrypt(f, a.cert, plainText, "-des3"))
	f.Add(encrypt(f, a.cert, plainText, "-aes-256-cbc", "-stream"))
	f.Fuzz(func(t *testing.T, message []byte) {
		_, err := Decrypt(context.Background(), message, pair, nil)
		if err != nil && fault.CodeOf(err) != fault.Decryption {
			t.Errorf("code %d: %v", fault.CodeOf(err), err)
		}
	})
}
