// Package cms opens the protected settings: a CMS EnvelopedData message (RFC 5652) that the
// platform encrypts for a certificate whose key the agent keeps on the VM. Which certificate is
// told by its thumbprint; the certificate and key are files of the agent.
//
// CMS enveloping has no integrity check. Whoever opens a message that was tampered with gets an
// error in most cases and other bytes in the rest, so the caller must parse what comes out
// strictly and must not show it.
package cms

import (
	"context"
	"encoding/base64"
	"strings"

	"docker-extension/internal/fault"
)

// Places, as the settings file of the agent names them.
const (
	placeMessage    = "protectedSettings"
	placeThumbprint = "protectedSettingsCertThumbprint"
)

const hintResend = "send the settings again, so that they are encrypted for the certificate that the VM has now"

// OpenSSL opens what the Go library cannot.
type OpenSSL interface {
	// DecryptCMS opens a DER or BER message with the private key in the file keyPath (PEM, leading
	// text allowed) and gives the plain text. It tries the key on every recipient of the message.
	DecryptCMS(ctx context.Context, message []byte, keyPath string) ([]byte, error)
}

// Open gives the plain text of protected settings: base64 of a CMS message in, JSON out. Settings
// that are empty or blank give nil, whatever the thumbprint; old fabrics send "" with one. The
// files of the certificate are looked for in store. Every error is a fault with code Decryption and
// shows nothing of the plain text.
func Open(ctx context.Context, store Store, protected, thumbprint string, openssl OpenSSL) ([]byte, error) {
	protected = strings.TrimSpace(protected)
	if protected == "" {
		return nil, nil
	}
	pair, err := store.Pair(thumbprint)
	if err != nil {
		return nil, err
	}
	message, err := base64.StdEncoding.DecodeString(protected)
	if err != nil {
		return nil, fault.New(fault.Decryption, placeMessage, "send the settings again",
			"are not base64, although the agent stores them so")
	}
	return Decrypt(ctx, message, pair, openssl)
}
