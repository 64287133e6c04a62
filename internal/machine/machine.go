// Package machine puts the hands together: it is the one place where the rooms of host/ meet the
// interfaces that converge declares. A verb asks it for a Machine at its start and closes it at its
// end; until something has to be changed, a Machine is a few empty values.
package machine

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"docker-extension/internal/converge"
	"docker-extension/internal/engine"
	"docker-extension/internal/fault"
	"docker-extension/internal/host"
	"docker-extension/internal/host/accounts"
	"docker-extension/internal/host/apt"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/compose"
	"docker-extension/internal/host/docker"
	"docker-extension/internal/host/files"
	"docker-extension/internal/host/repository"
	"docker-extension/internal/host/systemd"
	"docker-extension/internal/registry"
	"docker-extension/internal/state"
)

// Machine is the host below a root.
type Machine struct {
	Root    files.Root
	Systemd *systemd.Manager
	Engine  Engine

	apt      apt.Apt
	accounts accounts.Accounts
	compose  compose.Compose
	log      *logrus.Entry
}

// New gives the host below root. Children, and what could not be seen, are logged to log. Nothing is opened yet; Close
// ends what was.
func New(root files.Root, log *logrus.Entry) *Machine {
	runner := Runner(root, log)
	manager := &systemd.Manager{Root: root, Runner: runner}
	daemon := docker.Engine{Root: root}
	return &Machine{
		Root:     root,
		Systemd:  manager,
		Engine:   Engine{daemon, docker.Approver{Root: root, Runner: runner}, manager},
		apt:      apt.Apt{Root: root, Runner: runner},
		accounts: accounts.Accounts{Root: root, Runner: runner},
		compose: compose.Compose{
			Root: root, Runner: runner, Engine: daemon, File: engine.ComposeFile, Credentials: filepath.Dir(registry.File),
		},
		log: log,
	}
}

// Runner gives what starts the programs of the host below root.
func Runner(root files.Root, log *logrus.Entry) command.Runner {
	return command.Runner{Log: log, Path: searchPath(root)}
}

// searchPath gives where programs are looked for: below the root and nowhere else, so that a run on
// a folder never starts a package manager that would work on the whole machine.
func searchPath(root files.Root) string {
	dirs := filepath.SplitList(command.DefaultPath)
	for i, dir := range dirs {
		dirs[i] = root.Path(dir)
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

// Close ends the connection to systemd, if there is one.
func (m *Machine) Close() { m.Systemd.Close() }

// Host gives the hands in the shape that converge wants.
func (m *Machine) Host() converge.Host {
	return converge.Host{
		Files:      hostFiles{m.Root},
		Packages:   m.apt,
		Sources:    repository.Repositories{Root: m.Root, Apt: m.apt, Now: time.Now},
		Units:      units{m.Systemd, m.Engine.Engine},
		Accounts:   m.accounts,
		Engine:     m.Engine,
		Registries: m.Engine,
		Composer:   m.compose,
		Memory:     memory{m.Root},
	}
}

// Survey looks at everything that the engine room decides by.
func (m *Machine) Survey() (state.Facts, error) {
	ledger, err := host.LoadLedger(m.Root)
	if err != nil {
		return state.Facts{}, err
	}
	facts, err := host.Survey(m.Root, engine.Paths(), engine.Units(), ledger)
	if err != nil {
		return state.Facts{}, err
	}
	for _, record := range records() {
		left, err := m.Root.HasLeftovers(record)
		if err != nil {
			return state.Facts{}, err
		}
		facts.CutOff = facts.CutOff || left
	}
	for _, path := range engine.SourcePaths() {
		if file, err := m.Root.Read(path); err == nil {
			facts.Files[path] = file
		}
	}
	facts.Keys = host.Keys(facts.Files, time.Now())
	facts.Folders = map[string]bool{}
	for _, folder := range engine.Folders() {
		entries, err := m.Root.List(folder)
		if err != nil {
			return state.Facts{}, err
		}
		facts.Folders[folder] = len(entries) > 0
	}
	// Not in the return: Go leaves open whether facts is copied before or after the call.
	err = m.surveyAccounts(&facts)
	return facts, err
}

// records are the files that only runs write, one at a time.
func records() []string { return []string{host.LedgerFile, host.RunFile} }

// memory is the ledger's file.
type memory struct{ root files.Root }

func (m memory) SaveLedger(l state.Ledger) error { return host.SaveLedger(m.root, l) }

// units are systemd's, with one thing added: that docker.service has been reloaded is known only
// from the engine itself, because its reload command is a signal.
type units struct {
	*systemd.Manager
	engine docker.Engine
}

// ReloadUnit starts a unit first that is not up yet. One that is on its way up systemd would not reload
// at all: it takes a reload for a part of the start (job_type_collapse in systemd's src/core/job.c),
// and by then the unit may have read its old configuration.
func (u units) ReloadUnit(ctx context.Context, unit string) error {
	active, err := u.IsActive(ctx, unit)
	if err != nil {
		return err
	}
	if !active {
		if err := u.comeUp(ctx, unit); err != nil {
			return converge.NotUp{Cause: err}
		}
	}
	before := time.Now()
	if err := u.Manager.ReloadUnit(ctx, unit); err != nil {
		return err
	}
	if unit != engine.Service {
		return nil
	}
	return u.engine.AwaitReload(ctx, before)
}

// comeUp starts a unit that is down, and waits for one that is on its way up. A start has its time, counted
// from when the unit set out: an engine that hangs in it is waited for once, and not by every run anew.
func (u units) comeUp(ctx context.Context, unit string) error {
	underway, err := u.Underway(ctx, unit)
	if err != nil {
		return err
	}
	if underway >= systemd.DefaultJobTimeout {
		return fault.New(fault.EngineStart, unit, "see with `systemctl status "+unit+"` and `journalctl -u "+unit+"` what it is waiting for",
			"cannot start: it has been starting for %s", underway.Round(time.Second))
	}
	ctx, cancel := context.WithTimeout(ctx, systemd.DefaultJobTimeout-underway)
	defer cancel()
	return u.Start(ctx, unit)
}

// Start clears the count of failed starts first: a unit that failed too often is refused otherwise,
// although its configuration has been put right. A run that was killed may have left units held back.
func (u units) Start(ctx context.Context, names ...string) error {
	if err := u.Release(names...); err != nil {
		return err
	}
	if err := u.ResetFailed(ctx, names...); err != nil {
		return err
	}
	if err := u.stopDeaf(ctx, names); err != nil {
		return err
	}
	return u.Manager.Start(ctx, names...)
}

// stopDeaf stops the sockets among units that are to be started although systemd holds them for active:
// their files were removed, or they lost their descriptors when somebody masked and unmasked them. To
// start them would do nothing.
func (u units) stopDeaf(ctx context.Context, names []string) error {
	for _, name := range names {
		if !strings.HasSuffix(name, ".socket") {
			continue
		}
		if seen, err := systemd.Observe(u.Root, name); err != nil || seen.Active {
			return err
		}
		if active, err := u.IsActive(ctx, name); err != nil || !active {
			return err
		}
		if err := u.Stop(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// Restart starts units that are down as Start does.
func (u units) Restart(ctx context.Context, names ...string) error {
	if err := u.Release(names...); err != nil {
		return err
	}
	if err := u.ResetFailed(ctx, names...); err != nil {
		return err
	}
	return u.Manager.Restart(ctx, names...)
}
