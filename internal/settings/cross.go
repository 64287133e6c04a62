package settings

import (
	"fmt"
	"strings"

	"docker-extension/internal/dockerd"
)

// cross checks what no schema can: whether the settings go together.
func (p *parser) cross() {
	p.crossProxy()
	d := p.settings.Docker
	switch {
	case p.settings.InstallOnly || p.wrong(PlacePublic("docker.port")) || p.wrong(PlacePublic("dockerport")) || p.hostInDoubt():
	case len(d.Listeners()) == 0:
		p.noteNoPort()
	case !d.TLS:
		p.noteOpenPort()
	case !p.certs && !p.inDoubt():
		p.refuse(p.portPlace(), "send ca, cert and key as certs in the protected settings, or set docker.tls to false, which lets anyone who reaches the port be root on this VM",
			"needs certificates: %s would be open to %s", p.opened(), p.whoReaches())
	}
}

// takeHosts takes the TCP addresses that --host names. They and docker.port may say the same: then the
// addresses count, because they are more exact.
func (p *parser) takeHosts() {
	d := &p.settings.Docker
	found, notes, faults := dockerd.Listeners(d.Options, PlacePublic("docker.options"))
	p.faults = append(p.faults, faults...)
	for _, n := range notes {
		p.note(n)
	}
	for _, l := range found {
		place := fmt.Sprintf("%s[%d]", PlacePublic("docker.options"), l.Item)
		if d.Port != 0 && int(l.Address.Port()) != d.Port {
			p.refuse(place, "say it in one of the two places", "--host opens port %d, but %s says %d", l.Address.Port(), p.givenPort(), d.Port)
			continue
		}
		d.Hosts = append(d.Hosts, l.Address)
		if p.hostPlace == "" {
			p.hostPlace = place
		}
	}
}

// hostInDoubt tells whether a fault hides which addresses --host names.
func (p *parser) hostInDoubt() bool {
	if len(p.settings.Docker.Hosts) > 0 || p.settings.Docker.Port != 0 {
		return false
	}
	return p.wrong(PlacePublic("docker.options"))
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
	where := p.opened()
	switch {
	case p.onlyLoopback():
		p.note(PlacePublic("docker.tls") + " is false: " + p.whoReaches() + " is root by way of " + where)
	case len(p.settings.Docker.Hosts) > 0:
		p.note(PlacePublic("docker.tls") + " is false: anyone who reaches " + where + " is root on this VM")
	default:
		p.note(PlacePublic("docker.tls") + " is false: anyone who reaches port " + where + " is root on this VM")
	}
	if p.settings.Certificates != nil {
		p.note(PlaceProtected("certs") + " is not used, because docker.tls is false")
	}
}

// opened names what the settings open: the number of docker.port, or addresses.
func (p *parser) opened() string {
	d := p.settings.Docker
	if len(d.Hosts) == 0 {
		return fmt.Sprint(d.Port)
	}
	var names []string
	for _, h := range d.Hosts {
		names = append(names, h.String())
	}
	return strings.Join(names, " and ")
}

// whoReaches names those who are root once something is open without TLS.
func (p *parser) whoReaches() string {
	if p.onlyLoopback() {
		return "every account and program on this VM"
	}
	return "everyone"
}

// onlyLoopback tells whether no other host reaches what is opened. That is no reason for another rule:
// dockerd asks nobody on TCP who they are, while its unix socket is for the group docker alone.
func (p *parser) onlyLoopback() bool {
	for _, h := range p.settings.Docker.Hosts {
		if !h.Addr().IsLoopback() {
			return false
		}
	}
	return len(p.settings.Docker.Hosts) > 0
}

// inDoubt tells whether other faults hide what was said about TLS and certificates.
func (p *parser) inDoubt() bool {
	return p.wrong(PlacePublic("docker.tls")) || p.wrong(PlacePublic("certs")) || p.wrong(PlaceProtected("certs")) ||
		p.wrong(PlaceProtected("ca")) || p.wrong(PlaceProtected("server-cert")) || p.wrong(PlaceProtected("server-key"))
}

// portPlace gives the place that opens something.
func (p *parser) portPlace() string {
	if p.settings.Docker.Port == 0 && p.hostPlace != "" {
		return p.hostPlace
	}
	return p.givenPort()
}

// givenPort gives the key that the port came by.
func (p *parser) givenPort() string {
	for _, path := range []string{"docker.port", "dockerport"} {
		if _, ok := p.order[0][PlacePublic(path)]; ok {
			return PlacePublic(path)
		}
	}
	return PlacePublic("docker.port")
}
