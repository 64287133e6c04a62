package keyring

import (
	"bytes"
	_ "embed"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// docker is the key that Docker signs its repositories with, as it is published.
//
//go:embed testdata/docker.asc
var docker []byte

// dockerFingerprint is what Docker's installation pages said of it (docs.docker.com/engine/install).
const dockerFingerprint = "9DC8 5822 9FC7 DD38 854A E2D8 8D81 803C 0EBF CD88"

var today = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// entity makes a key; lifetime 0 is for ever.
func entity(t *testing.T, lifetime time.Duration) *openpgp.Entity {
	t.Helper()
	made := today.Add(-48 * time.Hour)
	key, err := openpgp.NewEntity("Somebody", "", "somebody@example.com", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: uint32(lifetime.Seconds()), Time: func() time.Time { return made },
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func armoured(t *testing.T, kind string, write func(*bytes.Buffer) error) []byte {
	t.Helper()
	var plain, text bytes.Buffer
	if err := write(&plain); err != nil {
		t.Fatal(err)
	}
	out, err := armor.Encode(&text, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(plain.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return append(text.Bytes(), '\n')
}

func public(t *testing.T, key *openpgp.Entity) []byte {
	t.Helper()
	return armoured(t, openpgp.PublicKeyType, func(b *bytes.Buffer) error { return key.Serialize(b) })
}

func parsed(t *testing.T, data []byte) Ring {
	t.Helper()
	ring, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func TestDockersKey(t *testing.T) {
	ring := parsed(t, docker)
	only, err := ring.Only(dockerFingerprint)
	if err != nil || !slices.Equal(only.Fingerprints(), []string{Normal(dockerFingerprint)}) {
		t.Fatalf("%q, error %v", ring.Fingerprints(), err)
	}
	if err := only.Trouble(today); err != nil {
		t.Errorf("it is not fit: %v", err)
	}
	text, err := only.Armoured()
	if err != nil {
		t.Fatal(err)
	}
	again := parsed(t, text)
	if second, err := again.Armoured(); err != nil || !bytes.Equal(second, text) {
		t.Errorf("written twice it differs, error %v", err)
	}
	if len(again.keys[0].Subkeys) != 1 {
		t.Errorf("the key that signs is lost: %d subkeys", len(again.keys[0].Subkeys))
	}
}

// GnuPG, which apt has verified with for decades, must understand what we write.
func TestGnuPGReadsWhatIsWritten(t *testing.T) {
	gpg, err := exec.LookPath("gpg")
	if err != nil {
		t.Skip("there is no gpg on this machine")
	}
	text, err := parsed(t, docker).Armoured()
	if err != nil {
		t.Fatal(err)
	}
	show := exec.Command(gpg, "--homedir", t.TempDir(), "--batch", "--show-keys", "--with-colons")
	show.Stdin = bytes.NewReader(text)
	out, err := show.Output()
	if err != nil || !strings.Contains(string(out), "fpr:::::::::"+Normal(dockerFingerprint)) || !strings.Contains(string(out), "\nsub:") {
		t.Errorf("gpg says, error %v:\n%s", err, out)
	}
}

func TestParse(t *testing.T) {
	one, two := entity(t, 0), entity(t, 0)
	both := slices.Concat([]byte("My keys:\n"), public(t, one), []byte("\nand\n"), public(t, two))
	private := armoured(t, openpgp.PrivateKeyType, func(b *bytes.Buffer) error { return one.SerializePrivate(b, nil) })
	var binary bytes.Buffer
	if err := one.Serialize(&binary); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		data  []byte
		keys  []string
		wrong string
	}{
		{"armoured", public(t, one), []string{fingerprint(one)}, ""},
		{"binary", binary.Bytes(), []string{fingerprint(one)}, ""},
		{"with the line ends of Windows", bytes.ReplaceAll(public(t, one), []byte("\n"), []byte("\r\n")), []string{fingerprint(one)}, ""},
		{"two blocks with text between", both, []string{fingerprint(one), fingerprint(two)}, ""},
		{"nothing", nil, nil, "holds no OpenPGP key"},
		{"a page of a captive portal", []byte("<html>Please log in</html>"), nil, "holds no OpenPGP key"},
		{"cut off", public(t, one)[:200], nil, "cut off"},
		{"a private key", private, nil, "no public key"},
		{"damaged", bytes.Replace(docker, []byte("OYdbtMuth"), []byte("OYdbtMutx"), 1), nil, "holds no OpenPGP key"},
		{"too large", make([]byte, MaxSize+1), nil, "is larger than"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ring, err := Parse(test.data)
			switch {
			case test.wrong == "" && (err != nil || !slices.Equal(ring.Fingerprints(), test.keys)):
				t.Errorf("got %q, %v", ring.Fingerprints(), err)
			case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)):
				t.Errorf("error %v, want %q", err, test.wrong)
			}
		})
	}
}

func TestOnly(t *testing.T) {
	one, two := entity(t, 0), entity(t, 0)
	ring := parsed(t, slices.Concat(public(t, one), public(t, two)))
	if only, err := ring.Only(strings.ToLower(fingerprint(two))); err != nil || len(only.keys) != 1 || only.Fingerprints()[0] != fingerprint(two) {
		t.Errorf("got %v, %v", only.Fingerprints(), err)
	}
	if all, err := ring.Only(""); err != nil || len(all.keys) != 2 {
		t.Errorf("without a fingerprint: %d keys, %v", len(all.keys), err)
	}
	if _, err := ring.Only(dockerFingerprint); err == nil || !strings.Contains(err.Error(), fingerprint(one)) {
		t.Errorf("a key that is not there: %v", err)
	}
}

func TestTrouble(t *testing.T) {
	eternal, brief := entity(t, 0), entity(t, 24*time.Hour)
	revoked := entity(t, 0)
	if err := revoked.RevokeKey(packet.KeyCompromised, "", &packet.Config{Time: func() time.Time { return today.Add(-time.Hour) }}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data  []byte
		wrong string
	}{
		"for ever":                {public(t, eternal), ""},
		"expired":                 {public(t, brief), "is not valid on 2026-11-23"},
		"revoked":                 {public(t, revoked), "revoked"},
		"one of two is fit still": {slices.Concat(public(t, brief), public(t, eternal)), ""},
	} {
		err := parsed(t, c.data).Trouble(today)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParse: whatever comes, it ends, and what was understood can be written and read again.
func FuzzParse(f *testing.F) {
	f.Add(docker)
	f.Add([]byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n=\n-----END PGP PUBLIC KEY BLOCK-----"))
	f.Fuzz(func(t *testing.T, data []byte) {
		ring, err := Parse(data)
		if err != nil {
			return
		}
		text, err := ring.Armoured()
		if err != nil {
			return
		}
		again, err := Parse(text)
		if err != nil || !slices.Equal(again.Fingerprints(), ring.Fingerprints()) {
			t.Errorf("%q became %q, %v", ring.Fingerprints(), again.Fingerprints(), err)
		}
	})
}
