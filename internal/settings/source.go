package settings

import (
	"net/url"
	"strings"

	"docker-extension/internal/keyring"
	"docker-extension/internal/state"
)

// stable is the component that Docker's repositories, and the mirrors of them, keep releases in.
const stable = "stable"

// takeSource fills in where the engine's packages come from.
func (p *parser) takeSource(wire sourceWire) {
	s := &p.settings.Docker.Source
	*s = Source{Kind: SourceDistro, Named: wire.kind != ""}
	if wire.kind != "" {
		s.Kind = wire.kind
	}
	if s.Kind != SourceMirror {
		return
	}
	m := wire.mirror
	s.URL, s.Suite, s.Component, s.Packages = m.URL, m.Suite, m.Component, m.Packages
	switch flat := strings.HasSuffix(s.Suite, "/"); {
	case flat && s.Component != "":
		p.refuse(PlacePublic("docker.source.component"), "remove component, or the slash",
			"is there although suite ends with a slash, which is for repositories without components")
	case !flat && s.Component == "":
		s.Component = stable
	}
	p.checkAddress(PlacePublic("docker.source.url"), m.URL, "which everybody on the VM could read",
		"put user and password into a file in /etc/apt/auth.conf.d on the VM, as apt_auth.conf(5) says")
	s.Key = p.sourceKey(m)
}

// checkAddress refuses what cannot be parsed, and an address with an account in it: risk says who would see
// that, and instead where it belongs.
func (p *parser) checkAddress(place, text, risk, instead string) {
	switch address, err := url.Parse(text); {
	case err != nil:
		p.refuse(place, "write it like \"https://mirror.example.com:8080/docker\", and % as %25", "is not an address")
	case address.User != nil:
		p.refuse(place, instead, "has a user or a password in it, %s", risk)
	}
}

// sourceKey gives the key of a mirror. A text is checked and written anew here, an address is for
// later.
func (p *parser) sourceKey(m mirrorWire) state.Key {
	place := PlacePublic("docker.source.key")
	key := state.Key{Fingerprint: keyring.Normal(m.Fingerprint)}
	switch {
	case m.Key == "" && m.Fingerprint != "":
		p.refuse(PlacePublic("docker.source.fingerprint"), "add key with its address or its text, or remove the fingerprint", "is there without a key")
	case m.Key == "":
	case !strings.HasPrefix(m.Key, "-----BEGIN"):
		key.Address = m.Key
		p.checkAddress(place, m.Key, "which others can read", "send the key itself, armoured, in place of its address")
		if strings.HasPrefix(m.Key, "http://") && m.Fingerprint == "" {
			p.refuse(place, "use https, or add fingerprint with the fingerprint of the key", "could be replaced on its way: it comes by http")
		}
	default:
		text, err := p.keyText(m)
		if err != nil {
			p.refuse(place, "send the key that gpg --armor --export prints, and look at it with gpg --show-keys", "%w", err)
		}
		key.Text = text
	}
	return key
}

func (p *parser) keyText(m mirrorWire) (string, error) {
	ring, err := keyring.Parse([]byte(m.Key))
	if err != nil {
		return "", err
	}
	if ring, err = ring.Only(m.Fingerprint); err != nil {
		return "", err
	}
	text, err := ring.Armoured()
	return string(text), err
}
