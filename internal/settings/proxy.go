package settings

import (
	"net/url"
	"strings"

	"docker-extension/internal/state"
)

// crossProxy refuses a proxy that is said in two places, where nobody knows which one is meant, and
// addresses that would be none to the engine.
func (p *parser) crossProxy() {
	proxy := p.settings.Docker.Proxy
	if _, twice := p.settings.Docker.Daemon["proxies"]; twice && proxy != (state.Proxy{}) {
		p.refuse(PlacePublic("docker.proxy"), "say it in one of the two places; docker.proxy is used for the packages as well",
			"and the engine's own proxies, in docker.options or docker.daemon, are both there")
	}
	p.checkProxy("docker.proxy.http", proxy.HTTP.Reveal())
	p.checkProxy("docker.proxy.https", proxy.HTTPS.Reveal())
}

func (p *parser) checkProxy(path, address string) {
	if address != "" && !isProxy(address) {
		p.refuse(PlacePublic(path), "use an address like \"http://proxy.example.com:3128\", and percent-encode user and password: % as %25, # as %23, / as %2F",
			"is not the address of a proxy")
	}
}

// isProxy tells whether an address is that of a proxy to the engine, whose libraries parse it as we do
// (golang.org/x/net/http/httpproxy). They take no proxy, and not a word of it, for one that they cannot
// parse; where a password breaks off at its #, / or ?, they take the user's name for the host.
func isProxy(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Hostname() != "" && !strings.Contains(u.Path+u.RawQuery+u.Fragment, "@")
}

// Secrets gives what has to be kept out of logs although it is in the public settings: the addresses
// of proxies that carry an account, and these accounts and passwords.
func (d Docker) Secrets() []string {
	return append(proxySecrets(d.Proxy.HTTP.Reveal()), proxySecrets(d.Proxy.HTTPS.Reveal())...)
}

// proxySecrets gives the secrets of one address, as they are written and as a library reads and writes
// them. They are found without parsing: an address that is refused for its password has one as well.
func proxySecrets(address string) []string {
	_, rest, _ := strings.Cut(address, "://")
	end := strings.LastIndex(rest, "@")
	if end < 0 {
		return nil
	}
	account := rest[:end]
	_, password, _ := strings.Cut(account, ":")
	all := []string{address, account, password}
	if u, err := url.Parse(address); err == nil {
		read, _ := u.User.Password()
		all = append(all, read, u.User.String())
	}
	return all
}
