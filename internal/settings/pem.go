package settings

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"

	"docker-extension/internal/fault"
)

// Hints for what people send instead of PEM.
const (
	hintSendFile = "send the content of the PEM file, or its base64: base64 -w0 FILE"
	hintToPEM    = "convert the file to PEM first, for instance with openssl x509 -inform DER"
	hintPlainKey = "decrypt the key first: openssl pkey -in key.pem -out plain.pem"
	hintLookAt   = "look at the file with openssl x509 -noout -text -in FILE"
)

const pemBegin = "-----BEGIN "

// certificates reads the certificates in one setting. Text around the blocks ("Bag Attributes",
// comments, the output of openssl x509 -text) is passed over, as openssl does, but a block of
// another kind is a fault: a private key here would end up in a file that everyone can read.
func certificates(place, text string) ([]*x509.Certificate, *fault.Fault) {
	blocks, f := pemBlocks(place, text)
	if f != nil {
		return nil, f
	}
	var certs []*x509.Certificate
	for _, block := range blocks {
		if block.Type != "CERTIFICATE" {
			return nil, refuse(place, "send only certificates here, without the key", "holds %s", describe(block))
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, refuse(place, hintLookAt, "holds a certificate that cannot be read")
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

// privateKey reads the one private key in a setting and gives it with its PEM block, rid of all
// around it. The parameters that openssl ecparam writes before an EC key are passed over.
func privateKey(place, text string) (crypto.Signer, *pem.Block, *fault.Fault) {
	blocks, f := pemBlocks(place, text)
	if f != nil {
		return nil, nil, f
	}
	var found *pem.Block
	for _, block := range blocks {
		switch {
		case block.Type == "EC PARAMETERS":
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
			return nil, nil, refuse(place, hintPlainKey, "is encrypted with a passphrase, and the engine cannot ask for it")
		case !strings.HasSuffix(block.Type, "PRIVATE KEY") || found != nil:
			return nil, nil, refuse(place, "send the private key of the server's certificate, and nothing else", "holds %s", describe(block))
		default:
			found = &pem.Block{Type: block.Type, Bytes: block.Bytes}
		}
	}
	if found == nil {
		return nil, nil, refuse(place, hintSendFile, "holds no private key")
	}
	key := parseKey(found.Bytes)
	if key == nil {
		return nil, nil, refuse(place, "send an RSA, ECDSA or Ed25519 key; openssl pkey -in FILE rewrites old formats",
			"is not a private key that the engine can use")
	}
	return key, found, nil
}

// parseKey tries the formats that crypto/tls tries, whatever the block calls itself.
func parseKey(der []byte) crypto.Signer {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil
	}
	signer, _ := key.(crypto.Signer)
	return signer
}

// describe names a block by its type, if that is one of the usual ones; other types are text from
// the protected settings.
func describe(block *pem.Block) string {
	names := map[string]string{
		"CERTIFICATE":         "a certificate",
		"CERTIFICATE REQUEST": "a certificate request",
		"TRUSTED CERTIFICATE": "a certificate in openssl's own format",
		"PUBLIC KEY":          "a public key",
		"PRIVATE KEY":         "a private key",
		"RSA PRIVATE KEY":     "a private key",
		"EC PRIVATE KEY":      "a private key",
		"OPENSSH PRIVATE KEY": "an OpenSSH key",
	}
	if name, ok := names[block.Type]; ok {
		return name
	}
	return "a PEM block of another kind"
}

// pemBlocks reads a setting that is PEM or base64 of PEM, the latter strictly, line breaks aside.
// Every block that begins must be readable; a reader that skips bad ones would leave half a chain.
func pemBlocks(place, text string) ([]*pem.Block, *fault.Fault) {
	text = strings.TrimPrefix(text, "\ufeff") // a byte order mark, which editors on Windows write
	if !strings.Contains(text, pemBegin) {
		bare := strings.NewReplacer("\r", "", "\n", "", " ", "", "\t", "").Replace(text)
		decoded, err := base64.StdEncoding.Strict().DecodeString(bare)
		if err != nil {
			return nil, refuse(place, hintSendFile, "is neither PEM nor base64 of PEM")
		}
		if !bytes.Contains(decoded, []byte(pemBegin)) {
			return nil, refuse(place, hintToPEM, "is base64 of something that is not PEM")
		}
		text = string(decoded)
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var blocks []*pem.Block
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		blocks = append(blocks, block)
	}
	if len(blocks) != strings.Count(text, pemBegin) {
		return nil, refuse(place, hintSendFile, "holds PEM that cannot be read; its line breaks may be lost, or its end")
	}
	return blocks, nil
}

func refuse(place, hint, format string, args ...any) *fault.Fault {
	return fault.New(fault.SettingsInvalid, place, hint, format, args...)
}
