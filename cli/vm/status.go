package vm

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"docker-extension/cli/person"
	"docker-extension/enable"
	"docker-extension/handler"
	"docker-extension/internal/bundle"
	"docker-extension/internal/engine"
	"docker-extension/internal/fault"
	"docker-extension/internal/host"
	"docker-extension/internal/host/docker"
	"docker-extension/internal/host/systemd"
	"docker-extension/internal/pki"
	"docker-extension/internal/preview"
	"docker-extension/internal/state"
)

func statusCommand(p *person.Person) *cobra.Command {
	l := looker{Person: p}
	wait := false
	c := &cobra.Command{
		Use:   "status",
		Short: "Show what is in force, how the last run went, and what differs now",
		Long: `Show which settings are in force, since when and what they ask for, what was reported to the agent, how the last run
with something to do went, step by step, the engine and its listener, when the certificates end, and what differs now
from the settings (drift). Nothing is changed.

With --output json the public settings are there as a whole, without secrets. --wait follows a run that is going on to
its end, and ends with its code.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if wait {
				return l.wait(c.Context())
			}
			return l.status(c.Context())
		},
	}
	handlerFlag(c, &l)
	c.Flags().BoolVar(&wait, "wait", false, "wait for the end of a run that is going on")
	return c
}

// status is the answer. The names of its fields stay.
type status struct {
	Extension   extension          `json:"extension"`
	Settings    settingsInForce    `json:"settings"`
	Working     bool               `json:"working"`  // a run is going on
	Reported    *reported          `json:"reported"` // what the agent was told last; null if nothing
	LastRun     *state.Run         `json:"lastRun"`  // that had something to do; null if none is known
	Engine      engineNow          `json:"engine"`
	Listener    listener           `json:"listener"`
	Certificate *certificate       `json:"certificate"` // of the remote API; null if there is none
	Drift       *preview.Document  `json:"drift"`       // what differs from the settings; null if nobody can say
	Problems    []person.Complaint `json:"problems"`    // why the settings cannot be judged
}

type extension struct {
	Name    string `json:"name"`
	Version string `json:"version"` // that the agent has deployed
	Program string `json:"program"` // version of this program
	Folder  string `json:"folder"`
}

type settingsInForce struct {
	Sequence int            `json:"sequence"` // of the newest settings
	InForce  bool           `json:"inForce"`  // they have been applied
	Applied  *state.Applied `json:"applied"`  // those that were applied last; null if none were

	// What the newest settings ask for, if they can be judged: the public ones without secrets, and the keys of
	// both.
	Public json.RawMessage `json:"public,omitempty"`
	Keys   []string        `json:"keys,omitempty"`
}

type reported struct {
	Status  string    `json:"status"`
	Code    int       `json:"code"`
	Name    string    `json:"name"` // of the code
	Message string    `json:"message"`
	Written time.Time `json:"written"`
}

type engineNow struct {
	Version string  `json:"version"` // empty if it does not answer
	Service unitNow `json:"service"`
	Socket  unitNow `json:"socket"`
}

type unitNow struct {
	Exists bool `json:"exists"`
	Active bool `json:"active"`
	AtBoot bool `json:"atBoot"`
	Masked bool `json:"masked"`
}

type listener struct {
	Addresses []string `json:"addresses"` // TCP only
	TLS       bool     `json:"tls"`
}

type certificate struct {
	Names         []string  `json:"names"`
	Ends          time.Time `json:"ends"`
	DaysLeft      int       `json:"daysLeft"`
	AuthorityEnds time.Time `json:"authorityEnds"`
}

func (l looker) status(ctx context.Context) error {
	s, err := l.look(ctx)
	if err != nil {
		return err
	}
	return l.Answer(s, func() { l.showStatus(s) })
}

// look collects everything that status shows.
func (l looker) look(ctx context.Context) (status, error) {
	if err := l.mayLook(); err != nil {
		return status{}, err
	}
	call, err := l.deployed()
	if err != nil {
		return status{}, err
	}
	s := status{Problems: []person.Complaint{}, Extension: extension{
		Name: nameOf(call), Version: call.Version, Program: l.Version, Folder: call.HandlerDir,
	}}
	l.lookAtRuns(call, &s)
	if err := l.lookAtEngine(ctx, &s); err != nil {
		return status{}, err
	}
	l.lookForDrift(ctx, call, &s)
	return s, nil
}

// nameOf gives the extension's name; old agents do not say it, but for the folder.
func nameOf(call *handler.Call) string {
	if call.Environment.Name != "" {
		return call.Environment.Name
	}
	folder := call.HandlerDir[strings.LastIndex(call.HandlerDir, "/")+1:]
	return strings.TrimSuffix(folder, "-"+call.Version)
}

// lookAtRuns says which settings are in force, and how the last runs went.
func (l looker) lookAtRuns(call *handler.Call, s *status) {
	s.Settings.Sequence = call.Sequence
	if run, ok := host.LoadRun(l.Root); ok {
		s.LastRun, s.Settings.Applied = &run, run.Applied
	}
	if now, ok := handler.ReadStatus(l.Root, call.Environment.StatusFolder, call.Sequence); ok {
		s.Reported = &reported{now.Status, int(now.Code), now.Code.String(), now.Message, now.Written}
		if now.Status == handler.Success.String() && (s.Settings.Applied == nil || s.Settings.Applied.Sequence != call.Sequence) {
			// Settings that changed nothing leave no record of a run.
			s.Settings.Applied = &state.Applied{Sequence: call.Sequence, At: now.Written}
		}
	}
	applied := s.Settings.Applied
	s.Settings.InForce = applied != nil && applied.Sequence == call.Sequence
	s.Working = l.working()
}

// working tells whether a run is going on, by what systemd keeps in its files: to try the run's own lock
// would hold it for a moment.
func (l looker) working() bool {
	unit, err := systemd.Observe(l.Root, enable.WorkUnit)
	return err == nil && unit.Active
}

func (l looker) lookAtEngine(ctx context.Context, s *status) error {
	for name, now := range map[string]*unitNow{engine.Service: &s.Engine.Service, engine.Socket: &s.Engine.Socket} {
		unit, err := systemd.Observe(l.Root, name)
		if err != nil {
			return err
		}
		*now = unitNow{unit.Exists, unit.Active, unit.Enabled, unit.Masked}
	}
	if s.Engine.Service.Active {
		// One that does not answer has no version to show; that it runs is shown.
		s.Engine.Version, _ = docker.Engine{Root: l.Root}.Version(ctx)
	}
	dropIn, err := l.Root.Read(engine.SocketDropIn)
	if err != nil {
		return err
	}
	daemon, err := l.Root.Read(engine.DaemonJSON)
	if err != nil {
		return err
	}
	s.Listener = listening(dropIn.Content, daemon.Content)
	return l.lookAtCertificate(s)
}

func (l looker) lookAtCertificate(s *status) error {
	file, err := l.Root.Read(engine.CertFile)
	if err != nil || !file.Exists {
		return err
	}
	cert, err := pki.ReadCertificate(file.Content)
	if err != nil {
		return nil // the drift tells that it is not what the settings say
	}
	left := int(cert.NotAfter.Sub(l.Now()) / (24 * time.Hour))
	s.Certificate = &certificate{Names: pki.NamesOf(cert).List(), Ends: cert.NotAfter.UTC(), DaysLeft: left}
	authority, err := l.Root.Read(engine.CAFile)
	if err != nil {
		return err
	}
	if ca, err := pki.ReadCertificate(authority.Content); err == nil {
		s.Certificate.AuthorityEnds = ca.NotAfter.UTC()
	}
	return nil
}

// shown gives public settings as anybody may see them; nil if they are no JSON.
func shown(public []byte, hide func(string) string) json.RawMessage {
	text := []byte(bundle.Scrub(hide(bundle.Public(public))))
	if !json.Valid(text) {
		return nil
	}
	return text
}

// keys gives the keys of a section of settings, sorted; those of the engine with their own name.
func keys(section []byte) []string {
	var members map[string]json.RawMessage
	if json.Unmarshal(section, &members) != nil {
		return nil
	}
	var names []string
	for name, value := range members {
		var inner map[string]json.RawMessage
		if name != "docker" || json.Unmarshal(value, &inner) != nil {
			names = append(names, name)
			continue
		}
		for member := range inner {
			names = append(names, name+"."+member)
		}
	}
	slices.Sort(names)
	return names
}

// lookForDrift compares the VM with the newest settings. Settings that cannot be judged are a problem to
// show, and none of status itself.
func (l looker) lookForDrift(ctx context.Context, call *handler.Call, s *status) {
	order, err := l.enable().Order(ctx, call)
	if err == nil {
		var look enable.Preview
		if look, err = l.enable().Preview(ctx, order, call.Secrets); err == nil {
			d := preview.Make(look.Goal, look.Steps, l.hide(call.Secrets))
			s.Drift = &d
			s.Settings.Public = shown(order.Public, call.Secrets.Redact)
			s.Settings.Keys = append(keys(order.Public), keys(order.Protected)...)
		}
	}
	if err != nil {
		for _, f := range fault.Faults(redacted(err, call.Secrets.Redact)) {
			s.Problems = append(s.Problems, person.Complain(f))
		}
	}
	var f *fault.Fault
	if errors.As(err, &f) && f.Code == fault.SettingsInvalid {
		s.Settings.InForce = false
	}
}
