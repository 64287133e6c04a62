package settings

// The keys of 2014 (publisher MSOpenTech.Extensions) are taken for those of today. A key and its
// successor together are a fault: there is no telling which one is meant.

// old is a key of 2014 and its successor.
type old struct {
	section    section
	key, today string
}

// takeOldPublic fills in what the public keys of 2014 say.
func (p *parser) takeOldPublic(wire publicWire) {
	s := &p.settings
	port := old{public, "dockerport", "docker.port"}
	if p.takeOld(port, wire.DockerPort != nil, wire.Docker.Port != nil) {
		s.Docker.Port = int(*wire.DockerPort)
	}
	if wire.InstallOnly != nil {
		p.takeInstallOnly(bool(*wire.InstallOnly))
	}
	if wire.Version != nil {
		p.note(PlacePublic("version") + " has no effect; the version of the engine is docker.version")
	}
}

func (p *parser) takeInstallOnly(only bool) {
	p.settings.InstallOnly = only
	if only {
		p.note(PlacePublic("installonly") + " is a key of 2014: the engine is installed, and all other settings are left aside")
		return
	}
	p.note(PlacePublic("installonly") + " is a key of 2014 and has no effect when it is false")
}

// takeOld tells whether an old key is to be used, with a note, and refuses it next to its successor.
func (p *parser) takeOld(key old, given, successorGiven bool) bool {
	if !given {
		return false
	}
	place, today := key.section.place(key.key), key.section.place(key.today)
	if successorGiven || p.wrong(today) {
		p.refuse(place, "remove "+key.key, "is the key of 2014 for %s, and both are there", today)
		return false
	}
	p.note(place + " is a key of 2014; use " + today + " instead")
	return true
}
