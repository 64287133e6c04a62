// Package keyring reads the OpenPGP keys that package repositories are signed with. It is pure:
// bytes go in, keys and their fingerprints come out.
//
// What is put on a host is never the text that was sent but what this package has understood of it,
// written out anew. So a file cannot hold a second key behind the one whose fingerprint was checked.
package keyring

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// MaxSize bounds a keyring, in bytes. That of a whole distribution has about 50 KiB.
const MaxSize = 256 << 10

// Ring is a set of public keys, at least one.
type Ring struct{ keys openpgp.EntityList }

// Parse reads public keys, armoured (one block or several, with text between them) or as they are.
// A text that holds a private key, or none at all, is an error.
func Parse(data []byte) (Ring, error) {
	if len(data) > MaxSize {
		return Ring{}, fmt.Errorf("is larger than %d bytes", MaxSize)
	}
	plain, err := dearmour(data)
	if err != nil {
		return Ring{}, err
	}
	keys, err := openpgp.ReadKeyRing(bytes.NewReader(plain))
	if err != nil || len(keys) == 0 {
		return Ring{}, errors.New("holds no OpenPGP key that can be read")
	}
	for _, key := range keys {
		if key.PrivateKey != nil {
			return Ring{}, errors.New("holds a private key")
		}
	}
	return Ring{keys}, nil
}

// dearmour gives the content of all armoured blocks of public keys; data itself if there is none.
func dearmour(data []byte) ([]byte, error) {
	const begin = "-----BEGIN "
	if !bytes.Contains(data, []byte(begin)) {
		return data, nil
	}
	var plain bytes.Buffer
	for at := bytes.Index(data, []byte(begin)); at >= 0; at = bytes.Index(data, []byte(begin)) {
		length, err := decodeBlock(data[at:], &plain)
		if err != nil {
			return nil, err
		}
		data = data[at+length:]
	}
	return plain.Bytes(), nil
}

// decodeBlock appends the content of the block at the beginning of text, and gives its length.
func decodeBlock(text []byte, plain *bytes.Buffer) (length int, err error) {
	const end = "\n-----END PGP PUBLIC KEY BLOCK-----"
	stop := bytes.Index(text, []byte(end))
	if stop < 0 {
		return 0, errors.New("holds a block that is no public key, or is cut off")
	}
	length = stop + len(end)
	block, err := armor.Decode(bytes.NewReader(text[:length]))
	if err != nil || block.Type != openpgp.PublicKeyType {
		return 0, errors.New("holds a block that is no public key, or is damaged")
	}
	if _, err := io.Copy(plain, block.Body); err != nil {
		return 0, errors.New("holds a block that is damaged")
	}
	return length, nil
}

// Fingerprints gives the fingerprints of the keys: upper-case hexadecimal digits without blanks.
func (r Ring) Fingerprints() []string {
	all := make([]string, len(r.keys))
	for i, key := range r.keys {
		all[i] = fingerprint(key)
	}
	return all
}

// Only gives the ring with the one key of that fingerprint, in any form that people write it. An
// empty fingerprint takes all keys. The error names the fingerprints that are there instead.
func (r Ring) Only(wanted string) (Ring, error) {
	if wanted == "" {
		return r, nil
	}
	for _, key := range r.keys {
		if fingerprint(key) == Normal(wanted) {
			return Ring{openpgp.EntityList{key}}, nil
		}
	}
	return Ring{}, fmt.Errorf("has the fingerprint %s, wanted is %s", strings.Join(r.Fingerprints(), " and "), Normal(wanted))
}

// Trouble says why no signature made at that time could be good: every key has been revoked or has
// expired. It gives nil if one key is fit.
func (r Ring) Trouble(now time.Time) error {
	var trouble error
	for _, key := range r.keys {
		if trouble = unfit(key, now); trouble == nil {
			return nil
		}
	}
	return trouble
}

func unfit(key *openpgp.Entity, now time.Time) error {
	signature, _ := key.PrimarySelfSignature()
	switch {
	case key.Revoked(now):
		return errors.New("has been revoked by its owner")
	case signature != nil && key.PrimaryKey.KeyExpired(signature, now):
		return fmt.Errorf("is not valid on %s: its time is over, or has not begun", now.UTC().Format(time.DateOnly))
	}
	return nil
}

// Armoured writes the ring as one armoured block.
func (r Ring) Armoured() ([]byte, error) {
	var text bytes.Buffer
	// With the checksum: the gpgv of older releases wants it.
	out, err := armor.EncodeWithChecksumOption(&text, openpgp.PublicKeyType, nil, true)
	if err != nil {
		return nil, err
	}
	for _, key := range r.keys {
		if err := key.Serialize(out); err != nil {
			return nil, err
		}
	}
	if err := out.Close(); err != nil {
		return nil, err
	}
	text.WriteByte('\n')
	return text.Bytes(), nil
}

// Normal gives a fingerprint in the form of Fingerprints.
func Normal(fingerprint string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", ":", "", "\u00a0", "").Replace(fingerprint))
}

func fingerprint(key *openpgp.Entity) string {
	return strings.ToUpper(hex.EncodeToString(key.PrimaryKey.Fingerprint))
}
