package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// client is a person's docker client outside of the VM, as far as HTTP goes. Every request is a connection of
// its own, because one that is kept would not notice a listener that is gone.
func (l *lab) client() (*http.Client, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.keys.Authority.Cert)
	pair, err := tls.X509KeyPair(l.keys.Client.Cert, l.keys.Client.Key)
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}, err
}

func (l *lab) url(port int) string { return fmt.Sprintf("https://%s:%d/version", l.vm.Address(), port) }

// ask asks once, and wants a good answer, to its end.
func ask(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	if err = errors.Join(err, response.Body.Close()); err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return err
}

// poller asks again and again, 10 ms after each answer.
type poller struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	answers, failures int
	slowest           time.Duration
	first, last       time.Time // of the answers
	reasons           []string
}

func poll(ctx context.Context, client *http.Client, url string) *poller {
	ctx, cancel := context.WithCancel(ctx)
	p := &poller{cancel: cancel}
	p.done.Go(func() {
		for ctx.Err() == nil {
			p.once(ctx, client, url)
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return p
}

func (p *poller) once(ctx context.Context, client *http.Client, url string) {
	started := time.Now()
	err := ask(ctx, client, url)
	switch {
	case ctx.Err() != nil: // cut off by stop
	case err != nil:
		p.failures++
		p.reasons = append(p.reasons, fmt.Sprintf("%v, after %s", err, time.Since(started).Round(time.Millisecond)))
	default:
		p.answers++
		p.slowest = max(p.slowest, time.Since(started))
		p.last = time.Now()
		if p.first.IsZero() {
			p.first = p.last
		}
	}
}

// stop ends the asking. Only after it the counts may be read.
func (p *poller) stop() {
	p.cancel()
	p.done.Wait()
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
