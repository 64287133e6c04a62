package cms

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"path"
	"strings"

	"docker-extension/internal/fault"
)

// Store is the folder in which the agent keeps certificates: for each a <thumbprint>.crt and a
// <thumbprint>.prv (azurelinuxagent/common/protocol/goal_state.py, class Certificates).
type Store struct {
	Dir   string // its path, for messages and for openssl
	Files fs.FS  // its content
}

// Pair is a certificate of the agent and its private key.
type Pair struct {
	Cert *x509.Certificate
	Key  crypto.PrivateKey

	CertPath, KeyPath string
}

// Pair reads the certificate with the given thumbprint and its key. The thumbprint is the SHA-1 of
// the certificate as 40 hexadecimal digits, in either case: the agent's file names are upper case.
// Every error is a fault with code Decryption.
func (s Store) Pair(thumbprint string) (Pair, error) {
	name, err := fileName(thumbprint)
	if err != nil {
		return Pair{}, err
	}
	pair := Pair{CertPath: path.Join(s.Dir, name+".crt"), KeyPath: path.Join(s.Dir, name+".prv")}
	if pair.Key, err = s.key(name+".prv", pair.KeyPath); err != nil {
		return Pair{}, err
	}
	if pair.Cert, err = s.certificate(name+".crt", pair.CertPath); err != nil {
		return Pair{}, err
	}
	if !fits(pair) {
		return Pair{}, fault.New(fault.Decryption, pair.KeyPath, "send the settings again; if that does not help, restart walinuxagent",
			"is not the private key of %s", pair.CertPath)
	}
	return pair, nil
}

func fileName(thumbprint string) (string, error) {
	thumbprint = strings.ToUpper(strings.TrimSpace(thumbprint))
	if thumbprint == "" {
		return "", fault.New(fault.Decryption, placeThumbprint, "send the settings again",
			"is missing, although there are protected settings")
	}
	if len(thumbprint) != 40 || strings.Trim(thumbprint, "0123456789ABCDEF") != "" {
		return "", fault.New(fault.Decryption, placeThumbprint, "send the settings again",
			"is not the thumbprint of a certificate: 40 hexadecimal digits")
	}
	return thumbprint, nil
}

func (s Store) key(name, where string) (crypto.PrivateKey, error) {
	block, err := s.block(name, where, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	var key crypto.PrivateKey
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, broken(where, "a private key")
	}
	return key, nil
}

func (s Store) certificate(name, where string) (*x509.Certificate, error) {
	block, err := s.block(name, where, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, broken(where, "a certificate")
	}
	return cert, nil
}

// block gives the first PEM block whose type ends in kind. The agent cuts its files out of the
// output of openssl pkcs12, so text ("Bag Attributes") stands before the block.
func (s Store) block(name, where, kind string) (*pem.Block, error) {
	data, err := fs.ReadFile(s.Files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Decryption, where, hintResend,
			"is not there: the agent no longer has the certificate that the protected settings were encrypted for")
	}
	if err != nil {
		return nil, fault.New(fault.Decryption, where, "", "cannot be read: %w", err)
	}
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, kind) {
			return block, nil
		}
	}
	return nil, broken(where, "a PEM file with a "+kind+" block")
}

func broken(where, what string) error {
	return fault.New(fault.Decryption, where, "restart walinuxagent, so that it writes the file anew, and send the settings again",
		"is not %s", what)
}

// fits tells whether key and certificate belong together.
func fits(pair Pair) bool {
	key, ok := pair.Key.(interface{ Public() crypto.PublicKey })
	if !ok {
		return false
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(pair.Cert.PublicKey)
}
