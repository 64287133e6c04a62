package repository

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"docker-extension/internal/keyring"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// fetchWithin bounds a fetch, all redirections and the body included.
const fetchWithin = 30 * time.Second

// errNoAnswer says that fetchWithin has passed.
var errNoAnswer = errors.New("no answer within half a minute")

// errInsecure says that a way which began with https was to go on without.
var errInsecure = errors.New("it leads away from https")

// fetch gets a small file over http or https. Its errors hold no address of a proxy.
func fetch(ctx context.Context, address string, proxy state.Proxy) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("it is no address")
	}
	transport := &http.Transport{Proxy: way(proxy), DisableKeepAlives: true, ForceAttemptHTTP2: true}
	client := http.Client{Transport: transport, CheckRedirect: staySecure}
	response, err := client.Do(request)
	if err != nil {
		return nil, plain(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, &statusError{response.StatusCode, response.Status}
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, keyring.MaxSize+1))
	if err != nil {
		return nil, plain(err)
	}
	return data, nil
}

// staySecure follows a few redirections, and none from https to http.
func staySecure(next *http.Request, before []*http.Request) error {
	const most = 5
	if len(before) > most {
		return fmt.Errorf("it leads to more than %d other addresses", most)
	}
	if before[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errInsecure
	}
	return nil
}

// plain takes the request's method and address out of an error, and the proxy's password with them.
func plain(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errNoAnswer
	}
	return err
}

// statusError is an answer without what was asked for.
type statusError struct {
	code   int
	status string
}

// Error gives the server's words.
func (e *statusError) Error() string { return "the server says " + e.status }

// passes tells whether what kept a fetch from succeeding may go away by itself: a network or a name server
// that is not up yet, a server in trouble. A name that does not exist, and a certificate that is not
// trusted, are for a person to mend.
func passes(err error) bool {
	var status *statusError
	var name *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &status):
		return status.code >= http.StatusInternalServerError || status.code == http.StatusTooManyRequests
	case errors.As(err, &name):
		return !name.IsNotFound
	default:
		return errors.Is(err, errNoAnswer) || errors.As(err, &network)
	}
}

// fetchHint gives the cure for a failed fetch.
func fetchHint(err error) string {
	var status *statusError
	switch {
	case strings.Contains(err.Error(), "certificate"):
		return "install the package ca-certificates on the VM, and the certificate of your proxy if it opens TLS; see also whether the clock is right"
	case errors.As(err, &status):
		return "check the address"
	default:
		return "let the VM reach that address: check network security groups, firewall, route and docker.proxy"
	}
}

// way gives the proxy of each request: by its scheme, unless the host is excepted. What the variables
// of our own process say is no matter here.
func way(proxy state.Proxy) func(*http.Request) (*url.URL, error) {
	return func(request *http.Request) (*url.URL, error) {
		address := map[string]secret.Secret{"http": proxy.HTTP, "https": proxy.HTTPS}[request.URL.Scheme]
		if address.Empty() || direct(request.URL.Hostname(), proxy.No) {
			return nil, nil
		}
		parsed, err := url.Parse(address.Reveal())
		if err != nil {
			return nil, errors.New("docker.proxy is no address")
		}
		return parsed, nil
	}
}

// direct tells whether a host is among those that need no proxy: by its name, by the end of its name,
// by its address or its network. An asterisk is everything.
func direct(host, list string) bool {
	host = strings.ToLower(host)
	for item := range strings.SplitSeq(list, ",") {
		item, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(item)), ":")
		domain := strings.TrimPrefix(strings.TrimPrefix(item, "*"), ".")
		_, network, err := net.ParseCIDR(item)
		switch {
		case item == "":
		case item == "*", domain == host, strings.HasSuffix(host, "."+domain):
			return true
		case err == nil && network.Contains(net.ParseIP(host)):
			return true
		}
	}
	return false
}
