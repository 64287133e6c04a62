package settings

import "docker-extension/internal/dockerd"

// takeDaemon makes one set of keys for daemon.json of the flags in docker.options and the object
// docker.daemon. What a flag means and what may stand in the file is dockerd's business.
func (p *parser) takeDaemon() {
	d := &p.settings.Docker
	fromFlags, notes, faults := dockerd.Translate(d.Options, PlacePublic("docker.options"))
	p.faults = append(p.faults, faults...)
	p.faults = append(p.faults, dockerd.CheckDaemon(d.Daemon, PlacePublic("docker.daemon"))...)
	for _, n := range notes {
		p.note(n)
	}
	all, faults := dockerd.Union(fromFlags, d.Daemon, PlacePublic("docker.daemon"))
	p.faults = append(p.faults, faults...)
	p.faults = append(p.faults, dockerd.CheckTogether(all, d.Daemon, PlacePublic("docker.options"), PlacePublic("docker.daemon"))...)
	d.Daemon = all
}
