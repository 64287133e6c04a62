package docker

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"docker-extension/internal/fault"
)

// ServerCertificate is the engine's certificate on this host.
const ServerCertificate = "/etc/docker/cert.pem"

// errOther says that the port is served, but with another certificate.
var errOther = errors.New("it serves another certificate than the one in " + ServerCertificate)

// ReadyTLS waits until a TCP address of this host is served in TLS 1.2 or later with, byte for byte,
// the certificate in /etc/docker/cert.pem. We have no client certificate, so the engine refuses us
// right after it has shown its own: that is all that is needed here, and no error. That it lets the
// right client in follows from its configuration (tlsverify, tlscacert). Errors are those of Ready.
func (e Engine) ReadyTLS(ctx context.Context, at netip.AddrPort) error {
	want, err := e.certificate()
	if err != nil {
		return err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	err = Until(ctx, nil, func(ctx context.Context) error {
		served, err := served(ctx, reached(at))
		if err == nil && !bytes.Equal(served, want) {
			return errOther
		}
		return err
	})
	if err != nil {
		return silent(fmt.Sprintf("serve TCP address %s with its certificate", at), err)
	}
	return nil
}

// certificate gives the first certificate of the engine's file in DER.
func (e Engine) certificate() ([]byte, error) {
	file, err := e.Root.ReadFollowing(ServerCertificate)
	if err != nil {
		return nil, err
	}
	for rest := file.Content; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fault.New(fault.HostFiles, ServerCertificate, "", "has no certificate in it")
		}
		if block.Type == "CERTIFICATE" {
			return block.Bytes, nil
		}
	}
}

// served gives the certificate, in DER, that is shown at address. It counts even if the handshake
// fails later: with TLS 1.2 the refusal of a client without a certificate is part of the handshake.
func served(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var dialer net.Dialer
	stream, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer stream.Close()

	var shown []byte
	err = tls.Client(stream, &tls.Config{
		MinVersion: tls.VersionTLS12,
		// No name and no authority is checked, because more than that is checked: the bytes.
		InsecureSkipVerify: true, // #nosec G402 -- ReadyTLS compares what is shown with the file
		VerifyConnection: func(c tls.ConnectionState) error {
			shown = c.PeerCertificates[0].Raw
			return nil
		},
	}).HandshakeContext(ctx)
	if shown != nil {
		return shown, nil
	}
	return nil, err
}
