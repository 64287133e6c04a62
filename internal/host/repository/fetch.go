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
		return nil, fmt.Errorf("the server says %s", response.Status)
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
		return fmt.Errorf("no answer within %s", fetchWithin)
	}
	return err
}

// fetchHint gives the cure for a failed fetch.
func fetchHint(err error) string {
	text := err.Error()
	switch {
	case strings.Contains(text, "certificate"):
		return "install the package ca-certificates on the VM, and the certificate of your proxy if it opens TLS; see also whether the clock is right"
	case strings.Contains(text, "the server says"):
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
