package converge

import (
	"maps"
	"slices"

	"docker-extension/internal/state"
)

// move is the way from one engine to another. Everything is downloaded before anything stops, so that
// a repository that fails in the middle leaves the old engine running. The packages then change in
// one transaction, while no container runs, and the new engine is asked about its configuration before
// its first start.
type move struct {
	state.Goal
	request
}

// moveOf tells whether the engine has to be replaced by another one.
func moveOf(goal state.Goal) (move, bool) {
	r := installation(goal)
	if len(r.Instead) == 0 || len(goal.Pinned) == 0 || goal.Have.Packages[goal.Pinned[0]].Installed {
		return move{}, false
	}
	return move{goal, r}, true
}

func (m move) steps() []Step {
	parted, fetched := m.parted(), m.request
	fetched.Fetched = true
	return slices.Concat(
		sourceSteps(m.Goal),
		m.releaseSteps(m.Goal),
		[]Step{FetchPackages{m.Installation}},
		m.stopSteps(),
		fileSteps(parted, now),
		fetched.installSteps(parted),
		fetched.holdSteps(m.Goal),
	)
}

// stopSteps tells the engine to stop together with its containers.
func (m move) stopSteps() []Step {
	running := socketsFirst(selectKeys(m.Want.Units, func(u string, _ state.Unit) bool { return m.Have.Units[u].Active }))
	if len(running) == 0 {
		return nil
	}
	var steps []Step
	if p := m.Parting; p.Path != "" && !p.File.Equal(m.Have.Files[p.Path]) {
		steps = append(steps, WriteFiles{
			Part: partOf(p.Path), Paths: []string{p.Path}, Files: map[string]state.File{p.Path: p.File}, Daemon: p.Daemon,
		})
		for _, unit := range running {
			if _, socket := serviceOf(unit); !socket {
				steps = append(steps, ReloadUnit{unit})
			}
		}
	}
	return append(steps, RestartUnits{Stop: running})
}

// parted gives the goal as it is when the old engine has stopped. If the new one refuses its file, the undo
// of the run puts back more than that one.
func (m move) parted() state.Goal {
	goal := m.Goal
	goal.Have.Units = map[string]state.Unit{}
	goal.Check.Paths = nil
	if p := m.Parting; p.Path != "" {
		goal.Have.Files = orEmpty(maps.Clone(m.Have.Files))
		goal.Have.Files[p.Path] = p.File
	}
	return goal
}

// after gives the goal as it is when the packages have changed.
func (m move) after() state.Goal {
	goal := m.parted()
	goal.Have.Packages, goal.Have.Choice = orEmpty(maps.Clone(m.Have.Packages)), m.Want.Choice
	for _, name := range m.Packages {
		goal.Have.Packages[name] = m.Want.Packages[name]
	}
	for _, name := range m.Instead {
		delete(goal.Have.Packages, name)
	}
	// Containers have stopped with the old engine, and not all of them start again by themselves.
	goal.Have.Projects = orEmpty(maps.Clone(m.Have.Projects))
	for name, p := range m.Want.Projects {
		if p.Up {
			delete(goal.Have.Projects, name)
		}
	}
	return goal
}
