package settings

import "strconv"

// cross checks what no schema can: whether the settings go together.
func (p *parser) cross() {
	p.crossProxy()
	d := p.settings.Docker
	switch {
	case p.settings.InstallOnly || p.wrong(PlacePublic("docker.port")) || p.wrong(PlacePublic("dockerport")):
	case d.Port == 0:
		p.noteNoPort()
	case !d.TLS:
		p.noteOpenPort()
	case !p.certs && !p.inDoubt():
		p.refuse(p.portPlace(), "send ca, cert and key as certs in the protected settings, or set docker.tls to false, which lets anyone who reaches the port be root on this VM",
			"needs certificates: %d would be open to everyone", d.Port)
	}
}

func (p *parser) noteNoPort() {
	if !p.settings.Docker.TLS {
		p.note(PlacePublic("docker.tls") + " is false, but without docker.port nothing listens on the network")
	}
	if p.settings.Certificates != nil {
		p.note(PlaceProtected("certs") + " is there, but without docker.port nothing listens on the network")
	}
}

func (p *parser) noteOpenPort() {
	p.note(PlacePublic("docker.tls") + " is false: anyone who reaches port " + strconv.Itoa(p.settings.Docker.Port) + " is root on this VM")
	if p.settings.Certificates != nil {
		p.note(PlaceProtected("certs") + " is not used, because docker.tls is false")
	}
}

// inDoubt tells whether other faults hide what was said about TLS and certificates.
func (p *parser) inDoubt() bool {
	return p.wrong(PlacePublic("docker.tls")) || p.wrong(PlacePublic("certs")) || p.wrong(PlaceProtected("certs")) ||
		p.wrong(PlaceProtected("ca")) || p.wrong(PlaceProtected("server-cert")) || p.wrong(PlaceProtected("server-key"))
}

// portPlace gives the key that the port came by.
func (p *parser) portPlace() string {
	for _, path := range []string{"docker.port", "dockerport"} {
		if _, ok := p.order[0][PlacePublic(path)]; ok {
			return PlacePublic(path)
		}
	}
	return PlacePublic("docker.port")
}
