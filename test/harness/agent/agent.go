package agent

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// DefaultName is the handler name of the Docker extension: publisher, dot, type.
const DefaultName = "Microsoft.Azure.Extensions.DockerExtension"

// Where the agent keeps its files (Lib.Dir and Extension.LogDir of waagent.conf).
const (
	LibDir = "/var/lib/waagent"
	LogDir = "/var/log/azure"
)

// Timeouts is how long the agent waits for each command before it kills it.
type Timeouts struct {
	Install, Enable, Disable, Update, Uninstall time.Duration
}

// AgentTimeouts gives the agent's own figures (exthandlers.py: install, enable, disable, update
// and the default of launch_command, which uninstall uses).
func AgentTimeouts() Timeouts {
	return Timeouts{
		Install:   900 * time.Second,
		Enable:    300 * time.Second,
		Disable:   900 * time.Second,
		Update:    900 * time.Second,
		Uninstall: 300 * time.Second,
	}
}

func (t Timeouts) of(verb string) time.Duration {
	return map[string]time.Duration{
		"install": t.Install, "enable": t.Enable, "disable": t.Disable,
		"update": t.Update, "uninstall": t.Uninstall,
	}[verb]
}

// Options is what may differ from the real agent's ways. The zero value is the agent.
type Options struct {
	// Name is the handler's name; DefaultName when empty.
	Name string
	// Timeouts replaces the agent's own; a zero field keeps the agent's.
	Timeouts Timeouts
	// Tenant is the certificate of the machine; nil means the one that is there, or else a new one.
	Tenant *Tenant
	// Environ is the agent's own environment, "KEY=value"; it wins over what the handler is given.
	// Nil means PATH and LANG, what systemd gives to a service.
	Environ []string
	// Log gets one line for every call; nil means silence.
	Log io.Writer
}

// Agent plays waagent for one extension on one machine.
type Agent struct {
	machine Machine
	files   files
	options Options
	tenant  *Tenant

	mu    sync.Mutex
	calls []Call
}

// New gives an agent for machine and installs the tenant certificate there.
func New(machine Machine, options Options) (*Agent, error) {
	if options.Name == "" {
		options.Name = DefaultName
	}
	if options.Environ == nil {
		options.Environ = serviceEnviron()
	}
	options.Timeouts = fill(options.Timeouts)
	a := &Agent{machine: machine, files: files{machine}, options: options}
	if err := a.files.mkdir(LibDir, 0o700); err != nil {
		return nil, err
	}
	tenant, err := a.chooseTenant()
	if err != nil {
		return nil, err
	}
	a.tenant = tenant
	return a, tenant.install(a.files)
}

func (a *Agent) chooseTenant() (*Tenant, error) {
	if a.options.Tenant != nil {
		return a.options.Tenant, nil
	}
	if found, err := findTenant(a.files); found != nil || err != nil {
		return found, err
	}
	return NewTenant()
}

// serviceEnviron is the environment of a systemd service: no HOME, no USER.
func serviceEnviron() []string {
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8",
	}
}

func fill(t Timeouts) Timeouts {
	own := AgentTimeouts()
	for _, pair := range []struct{ set, own *time.Duration }{
		{&t.Install, &own.Install}, {&t.Enable, &own.Enable}, {&t.Disable, &own.Disable},
		{&t.Update, &own.Update}, {&t.Uninstall, &own.Uninstall},
	} {
		if *pair.set == 0 {
			*pair.set = *pair.own
		}
	}
	return t
}

// Name gives the handler's name.
func (a *Agent) Name() string { return a.options.Name }

// Tenant gives the certificate with which protected settings are encrypted.
func (a *Agent) Tenant() *Tenant { return a.tenant }

// RotateTenant gives the machine a new tenant certificate; the old one is removed, as after a
// redeployment.
func (a *Agent) RotateTenant() error {
	tenant, err := NewTenant()
	if err != nil {
		return err
	}
	if err := a.tenant.remove(a.files); err != nil {
		return err
	}
	a.tenant = tenant
	return tenant.install(a.files)
}

// Calls gives every command that this agent has run, in order of their end.
func (a *Agent) Calls() []Call {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// Order gives the calls as "version verb", which is what most tests compare.
func (a *Agent) Order() []string {
	var order []string
	for _, call := range a.Calls() {
		order = append(order, call.Version+" "+call.Verb)
	}
	return order
}

func (a *Agent) record(call Call) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, call)
}

func (a *Agent) logf(format string, args ...any) {
	if a.options.Log != nil {
		fmt.Fprintf(a.options.Log, format+"\n", args...)
	}
}
