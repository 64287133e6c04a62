package settings

import (
	"slices"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// Parse reads the public and the protected settings, both JSON. Nothing, blanks, null, "" and {}
// are all "no settings", and null for a known key is as if the key were not there.
//
// The error is a fault.List with everything that is wrong in either section, in the order of the
// input, public before protected; no message shows a value of the protected settings. Settings that
// come with an error hold what was right and are good for one thing only: looking for more faults.
func Parse(public_, protected_ []byte, opts Options) (Settings, error) {
	p := &parser{opts: opts, settings: Settings{
		Docker: Docker{TLS: true, Source: Source{Kind: SourceDistro}},
		Cloud:  AzureCloud,
	}}
	var forAll publicWire
	var forUs protectedWire
	for _, err := range []error{p.load(public, public_, &forAll), p.load(protected, protected_, &forUs)} {
		if err != nil {
			return p.settings, fault.New(fault.Internal, "", "report this", "cannot check the settings: %w", err)
		}
	}
	p.takePublic(forAll)
	p.takeProtected(forUs)
	p.cross()
	p.crossCompose()
	p.sort()
	return p.settings, p.faults.AsError()
}

// parser is one run of Parse.
type parser struct {
	opts     Options
	settings Settings
	faults   fault.List
	order    []map[string]int // of the places of each section
	certs    bool             // certificates were sent, right or wrong

	hostPlace    string // of the first --host that opens a TCP address
	composePlace string // the key that the compose file came by
}

// load reads and validates one section and decodes what is right of it.
func (p *parser) load(s section, data []byte, wire any) error {
	tree, order, faults := s.read(data)
	p.faults = append(p.faults, faults...)
	p.order = append(p.order, order)
	if tree == nil {
		return nil
	}
	tree, faults, err := s.validate(tree)
	if err != nil {
		return err
	}
	p.faults = append(p.faults, faults...)
	return decode(tree, wire)
}

// refuse adds a fault.
func (p *parser) refuse(place, hint, format string, args ...any) {
	p.faults = append(p.faults, fault.New(fault.SettingsInvalid, place, hint, format, args...))
}

// note adds a note.
func (p *parser) note(text string) { p.settings.Notes = append(p.settings.Notes, text) }

// wrong tells whether there is a fault at a place, in it, or around it.
func (p *parser) wrong(place string) bool {
	return slices.ContainsFunc(p.faults, func(f *fault.Fault) bool {
		return within(f.Place, place) || within(place, f.Place)
	})
}

// sort brings the faults into the order of the input.
func (p *parser) sort() {
	slices.SortStableFunc(p.faults, func(a, b *fault.Fault) int {
		return p.rank(a.Place) - p.rank(b.Place)
	})
}

// rank gives the position of a place in the input, or of the nearest place around it that is there.
func (p *parser) rank(place string) int {
	base := 0
	for i, s := range []section{public, protected} {
		if !within(place, string(s)) {
			base += len(p.order[i])
			continue
		}
		for place != "" {
			if position, ok := p.order[i][place]; ok {
				return base + position
			}
			place = outer(place)
		}
	}
	return base
}

// takePublic fills in what the public settings say.
func (p *parser) takePublic(wire publicWire) {
	s := &p.settings
	s.Docker = wire.Docker.settings()
	p.takeSource(wire.Docker.Source)
	if wire.Cloud != "" {
		s.Cloud = wire.Cloud
	}
	s.PurgeData = bool(wire.Uninstall.PurgeData)
	p.takeDaemon()
	p.takeOldPublic(wire)
	p.takeHosts()
	p.takeCompose(wire)
}

// settings gives the settings of the engine with defaults for what was not said.
func (w dockerWire) settings() Docker {
	d := Docker{
		TLS:     w.TLS == nil || bool(*w.TLS),
		Options: w.Options,
		Daemon:  w.Daemon,
		Version: w.Version,
		Hold:    bool(w.Hold),
		Wait:    wait(w.Wait),
		Proxy:   state.Proxy{HTTP: secret.New(w.Proxy.HTTP), HTTPS: secret.New(w.Proxy.HTTPS), No: w.Proxy.No},
	}
	if w.Port != nil {
		d.Port = int(*w.Port)
	}
	if w.Users != nil {
		d.Users, d.UsersSet = *w.Users, true
	}
	return d
}

// takeProtected fills in what the protected settings say.
func (p *parser) takeProtected(wire protectedWire) {
	s := &p.settings
	s.Environment = wire.Environment
	p.takeLogins(wire.Login)
	for name := range s.Environment {
		if _, both := s.ComposeEnvironment[name]; both {
			p.note(PlacePublic("compose-environment") + " and " + PlaceProtected("environment") +
				" have a variable in common: the protected one is used")
			break
		}
	}
	p.takeCertificates(wire)
}

// wait gives the time for a number of minutes.
func wait(minutes *looseInt) time.Duration {
	switch {
	case minutes == nil:
		return 0
	case *minutes == 0:
		return -1
	default:
		return time.Duration(*minutes) * time.Minute
	}
}
