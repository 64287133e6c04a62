package machine

import (
	"context"
	"crypto/rand"
	"errors"
	"path"
	"slices"
	"time"

	"docker-extension/internal/engine"
	"docker-extension/internal/host/docker"
	"docker-extension/internal/host/files"
	"docker-extension/internal/registry"
	"docker-extension/internal/state"
)

const (
	keySize = 32 // bytes of the key for digests
	// askWithin bounds how long a survey waits for an engine that is starting, and asks one that is busy again.
	// One that does not say what runs keeps nobody from mending it: its containers are then unknown.
	askWithin = 30 * time.Second
)

// SurveyProjects is Survey, and asks the engine, if it runs, for the containers of the projects in the
// ledger. Without such a project nobody is asked.
func (m *Machine) SurveyProjects(ctx context.Context) (state.Facts, error) {
	facts, err := m.Survey()
	if err != nil || len(facts.Ledger.Projects) == 0 || !facts.Units[engine.Service].Active {
		return facts, err
	}
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	if facts.Containers, err = m.containers(ctx, facts.Ledger.Projects); err != nil {
		m.log.WithError(err).Warn("the engine does not say which containers run: they are taken for stopped")
	}
	return facts, nil
}

// containers asks the engine for the containers of projects until it has told all of them, or ctx ends.
func (m *Machine) containers(ctx context.Context, projects map[string]state.Raised) (map[string][]state.Container, error) {
	if err := m.Engine.Engine.Ready(ctx); err != nil {
		return nil, err
	}
	found := map[string][]state.Container{}
	err := docker.Until(ctx, nil, func(ctx context.Context) (err error) {
		for name := range projects {
			if found[name], err = m.compose.Observe(ctx, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// surveyAccounts looks at docker's credentials, which may be a link of a person's own, and sees to it that
// there is a key for digests. A new one is saved with the first change.
func (m *Machine) surveyAccounts(facts *state.Facts) (err error) {
	if facts.Files[registry.File], err = m.Root.ReadFollowing(registry.File); err != nil {
		return err
	}
	if len(facts.Ledger.Key) == 0 {
		facts.Ledger.Key = make([]byte, keySize)
		_, err = rand.Read(facts.Ledger.Key)
	}
	return err
}

// hostFiles are the files below a root, with two things added: a folder that holds secrets is made for
// root alone, and a folder that was made for a file goes with the last one in it, as a fresh host has none.
type hostFiles struct{ files.Root }

// Read follows the link that docker's credentials may be.
func (f hostFiles) Read(p string) (state.File, error) {
	if p == registry.File {
		return f.ReadFollowing(p)
	}
	return f.Root.Read(p)
}

func (f hostFiles) Write(paths []string, all map[string]state.File) error {
	for _, p := range paths {
		if folder := path.Dir(p); all[p].Exists && engine.Private(folder) {
			if err := f.MakeDir(folder, 0o700); err != nil {
				return err
			}
		}
	}
	if err := f.WriteAll(paths, all); err != nil {
		return err
	}
	for _, p := range paths {
		if folder := path.Dir(p); !all[p].Exists && slices.Contains(engine.Nests(), folder) {
			if err := f.RemoveIfEmpty(folder); err != nil {
				return err
			}
		}
	}
	return nil
}

// Sweep also takes along what writes of the extension's own records left.
func (f hostFiles) Sweep(paths []string) error {
	var errs []error
	for _, p := range slices.Concat(paths, records()) {
		errs = append(errs, f.RemoveLeftovers(p, time.Now()))
	}
	return errors.Join(errs...)
}
