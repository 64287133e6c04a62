// Package enable is the verb that makes the VM a Docker host.
//
// The agent waits for enable, and nothing else on the VM is handled in the meantime. So enable
// itself only reads, checks and compares. With nothing to do it says so and is done; otherwise it
// hands an order to the work unit, a systemd unit of its own that survives the agent, and returns.
package enable

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"docker-extension/handler"
	"docker-extension/install"
	"docker-extension/internal/cms"
	"docker-extension/internal/converge"
	"docker-extension/internal/engine"
	"docker-extension/internal/host/files"
	"docker-extension/internal/host/openssl"
	"docker-extension/internal/machine"
	"docker-extension/internal/oplog"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// Enable is the verb. All fields are needed.
type Enable struct {
	Root       files.Root
	Executable string // the running binary, which is copied for the work unit
	Now        func() time.Time
}

// quickAnswer bounds how long a run that has nothing to do waits for the engine: long enough for an
// engine that is starting with the VM, far below the agent's 300 s.
const quickAnswer = 90 * time.Second

// Run is the verb as the handler calls it.
func (e Enable) Run(ctx context.Context, call *handler.Call) (handler.Outcome, error) {
	order, err := e.order(ctx, call)
	if err != nil {
		return handler.Outcome{}, err
	}
	wanted, err := e.parse(order, call.Secrets)
	if err != nil {
		return handler.Outcome{}, err
	}
	m := machine.New(e.Root, call.Log)
	defer m.Close()
	w := work{desk: desk{e.Root}, units: m.Systemd}
	// Before the look at the host: what is seen while somebody works may be another thing a moment later.
	busy, err := w.working(ctx)
	if err != nil {
		return handler.Outcome{}, err
	}
	idle := w.idle(busy)
	_, goal, steps, err := converger(ctx, m, wanted, call.Log).Plan()
	if err != nil {
		return handler.Outcome{}, err
	}
	// A version that is enabled is not leaving, whatever an update that failed has left behind.
	if err := (install.UpdateMarker{Root: e.Root}).ClearFor(call.Version); err != nil {
		return handler.Outcome{}, err
	}
	switch {
	case busy && w.has(order):
		return handler.Outcome{Message: "these settings are being applied already"}, nil
	case len(steps) == 0 && idle:
		return e.nothingToDo(ctx, call, m, goal)
	}
	return e.handOver(ctx, call, w, order, steps)
}

// order collects everything that the work needs, decrypted.
func (e Enable) order(ctx context.Context, call *handler.Call) (Order, error) {
	envelope, err := call.ReadSettings()
	if err != nil {
		return Order{}, err
	}
	o := Order{
		Version:      call.Version,
		Extension:    call.Environment.Name,
		Sequence:     call.Sequence,
		ConfigFolder: call.Environment.ConfigFolder,
		StatusFolder: call.Environment.StatusFolder,
		LogFolder:    call.Environment.LogFolder,
		EventsFolder: call.Environment.EventsFolder,
		Public:       envelope.Public,
	}
	// The agent keeps its certificates two levels above the settings.
	folder := path.Dir(path.Dir(call.Environment.ConfigFolder))
	store := cms.Store{Dir: folder, Files: os.DirFS(e.Root.Path(folder))}
	o.Protected, err = cms.Open(ctx, store, envelope.Protected, envelope.Thumbprint, openssl.Command{})
	return o, err
}

// parse checks the settings of an order, and makes their secrets known to the log first.
func (e Enable) parse(o Order, secrets *oplog.Redactor) (settings.Settings, error) {
	secrets.Add(SecretsOf(o)...)
	s, err := settings.Parse(o.Public, o.Protected, settings.Options{Now: e.Now()})
	secrets.Add(s.Docker.Secrets()...)
	return s, err
}

// wipeEarlier takes secrets out of the settings before these, which are in force and make them
// useless. That it cannot be done is no reason to call a success something else.
func (e Enable) wipeEarlier(configFolder string, sequence int, log *logrus.Entry) {
	if err := handler.WipeEarlier(e.Root.Following(), configFolder, sequence); err != nil {
		log.WithError(err).Warn("cannot take the protected settings out of earlier settings files")
	}
}

// nothingToDo says that the host is as wanted, once the engine has said so too.
func (e Enable) nothingToDo(ctx context.Context, call *handler.Call, m *machine.Machine, goal state.Goal) (handler.Outcome, error) {
	ctx, cancel := context.WithTimeout(ctx, quickAnswer)
	defer cancel()
	if err := m.Engine.Ready(ctx, goal.Endpoint); err != nil {
		return handler.Outcome{}, err
	}
	message, err := success(ctx, m, goal)
	if err != nil {
		return handler.Outcome{}, err
	}
	e.wipeEarlier(call.Environment.ConfigFolder, call.Sequence, call.Log)
	return handler.Outcome{
		Status:      handler.Success,
		Message:     message + "; nothing had to be changed",
		Substatuses: noteSubstatuses(goal.Notes),
	}, nil
}

// success is the sentence of a host that is as wanted.
func success(ctx context.Context, m *machine.Machine, goal state.Goal) (string, error) {
	version, err := m.Engine.Version(ctx)
	if err != nil {
		return "", err
	}
	sentence := "Docker " + version + " is running"
	switch {
	case goal.Endpoint.TLS:
		sentence += fmt.Sprintf(" and answers on %s to clients with a certificate", goal.Endpoint)
	case len(goal.Endpoint.Addresses) > 0:
		sentence += fmt.Sprintf(" and answers on %[1]s without TLS: anyone who reaches %[1]s is root on this VM", goal.Endpoint)
	}
	for name, p := range goal.Want.Projects {
		if p.Up {
			sentence += fmt.Sprintf("; project %s is up: %s", name, strings.Join(slices.Sorted(maps.Keys(p.Services)), ", "))
		}
	}
	return sentence, nil
}

// handOver reports what is going to be done and gives the order to the work unit. The status is
// written first: the unit may be faster than we are.
func (e Enable) handOver(ctx context.Context, call *handler.Call, w work, o Order, steps []converge.Step) (handler.Outcome, error) {
	message := inBackground(steps)
	planned := make([]converge.Progress, len(steps))
	for i, s := range steps {
		planned[i] = converge.Progress{Name: s.Name(), Summary: s.Summary()}
	}
	if err := call.Report.Report(handler.Transitioning, message, substatuses(planned)); err != nil {
		return handler.Outcome{}, err
	}
	if err := w.handOver(ctx, o, e.Executable); err != nil {
		return handler.Outcome{}, err
	}
	return handler.Outcome{Message: message}, nil
}

// inBackground is the first sentence about work that has been handed over. Without a step the host is as wanted,
// but somebody works on other settings.
func inBackground(steps []converge.Step) string {
	if len(steps) == 0 {
		return "working in the background: the settings before these come to their end first"
	}
	return fmt.Sprintf("working in the background: %d steps to do", len(steps))
}

func converger(ctx context.Context, m *machine.Machine, s settings.Settings, log *logrus.Entry) converge.Converger {
	return converge.Converger{
		Host:   m.Host(),
		Survey: func() (state.Facts, error) { return m.SurveyProjects(ctx) },
		Aim:    func(f state.Facts) (state.Goal, error) { return engine.Running(s, f) },
		Report: func([]converge.Progress) {},
		Budget: s.Docker.Wait,
		Log:    log,
	}
}
