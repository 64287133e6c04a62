package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"docker-extension/test/harness/pki"
)

// client is a person's docker client outside the VM, as far as HTTP goes.
func (l *lab) client(keys *pki.Set, withCertificate bool) *http.Client {
	l.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(keys.Authority.Cert)
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if withCertificate {
		pair, err := tls.X509KeyPair(keys.Client.Cert, keys.Client.Key)
		if err != nil {
			l.Fatal(err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
}

// version asks the engine for its version from outside.
func (l *lab) version(client *http.Client, port int) (string, error) {
	request, err := http.NewRequestWithContext(l.Context(), http.MethodGet, fmt.Sprintf("https://%s/version", l.address(port)), nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var answer struct{ Version string }
	return answer.Version, json.NewDecoder(response.Body).Decode(&answer)
}

func (l *lab) address(port int) string { return net.JoinHostPort(l.vm.Address(), strconv.Itoa(port)) }

// wantVersion asks with the lab's client certificate and wants an answer.
func (l *lab) wantVersion(keys *pki.Set, port int) {
	l.Helper()
	if version, err := l.version(l.client(keys, true), port); err != nil || version == "" {
		l.Errorf("the engine does not answer on port %d to a client with a certificate: %q, %v", port, version, err)
	}
}

// wantNobodyElse knocks without a certificate, with one of another authority, and without TLS.
func (l *lab) wantNobodyElse(keys *pki.Set, port int) {
	l.Helper()
	if _, err := l.version(l.client(keys, false), port); err == nil {
		l.Error("a client without a certificate was let in")
	}
	stranger, err := pki.NewSet(nil, "stranger.example.com")
	if err != nil {
		l.Fatal(err)
	}
	mixed := *keys
	mixed.Client = stranger.Client
	if _, err := l.version(l.client(&mixed, true), port); err == nil {
		l.Error("a client with a certificate of another authority was let in")
	}
	response, err := (&http.Client{Timeout: 10 * time.Second}).Get("http://" + l.address(port) + "/version")
	if err == nil {
		defer response.Body.Close()
		if response.StatusCode == http.StatusOK {
			l.Error("the engine answers without TLS")
		}
	}
}

// wantClosed wants that nobody listens.
func (l *lab) wantClosed(port int) {
	l.Helper()
	dialer := net.Dialer{Timeout: 2 * time.Second}
	conn, err := dialer.DialContext(l.Context(), "tcp", l.address(port))
	if err == nil {
		conn.Close()
		l.Errorf("port %d is still open", port)
	}
}

// poll asks the engine's version every 10 ms until stop is called, which gives how many answers came,
// how many did not, and the slowest.
func (l *lab) poll(keys *pki.Set, port int) (stop func() (answers, failures int, slowest time.Duration)) {
	l.Helper()
	client := l.client(keys, true)
	ctx, cancel := context.WithCancel(l.Context())
	type tally struct {
		answers, failures int
		slowest           time.Duration
	}
	done := make(chan tally, 1)
	go func() {
		var t tally
		for ctx.Err() == nil {
			started := time.Now()
			_, err := l.version(client, port)
			if took := time.Since(started); took > t.slowest {
				t.slowest = took
			}
			if err != nil {
				t.failures++
				l.Logf("poll: %v", err)
			} else {
				t.answers++
			}
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
		done <- t
	}()
	return func() (int, int, time.Duration) {
		cancel()
		t := <-done
		return t.answers, t.failures, t.slowest
	}
}
