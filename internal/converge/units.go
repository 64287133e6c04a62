package converge

import (
	"maps"
	"path"
	"slices"
	"strings"

	"docker-extension/internal/lists"
	"docker-extension/internal/state"
)

// unitSteps decides what happens to the units, in the gentlest way that has the wanted effect: a
// reload rather than a restart, a restart of the service alone rather than of its socket as well,
// because a socket that stays open queues the connections that come in between.
func unitSteps(goal state.Goal) []Step {
	want, have := goal.Want.Units, goal.Have.Units
	var steps []Step
	steps = append(steps, bootSteps(want, have)...)
	touched := append(reloads(want, have), changes(goal)...)
	steps = append(steps, touched...)
	if len(touched) > 0 && anyActive(want) {
		steps = append(steps, AwaitEngine{goal.Endpoint})
	}
	return steps
}

func bootSteps(want, have map[string]state.Unit) []Step {
	var steps []Step
	on := selectKeys(want, func(u string, w state.Unit) bool { return w.Enabled && !have[u].Enabled })
	if len(on) > 0 {
		steps = append(steps, AtBoot{on, true})
	}
	off := selectKeys(want, func(u string, w state.Unit) bool { return !w.Enabled && have[u].Enabled })
	if len(off) > 0 {
		steps = append(steps, AtBoot{off, false})
	}
	return steps
}

// reloads lets every running unit read what it can read without a restart. It comes before a stop
// or a restart too: live-restore is such a setting, and it decides whether the containers outlive
// what follows.
func reloads(want, have map[string]state.Unit) []Step {
	var steps []Step
	for _, u := range selectKeys(want, func(u string, w state.Unit) bool {
		return have[u].Active && w.Reloaded != have[u].Reloaded
	}) {
		steps = append(steps, ReloadUnit{u})
	}
	return steps
}

// changes stops, starts and restarts. systemd refuses to start a socket whose service runs, so a
// socket that has to change takes its service with it: both are stopped, both are started.
func changes(goal state.Goal) []Step {
	want, have := goal.Want.Units, goal.Have.Units
	stop := selectKeys(want, func(u string, w state.Unit) bool {
		return have[u].Active && (!w.Active || w.Started != have[u].Started)
	})
	start := selectKeys(want, func(u string, w state.Unit) bool {
		return w.Active && (!have[u].Active || w.Started != have[u].Started)
	})
	taken := servicesOf(start, have)
	stop, start = lists.Union(stop, taken), lists.Union(start, taken)
	if len(start) == 0 {
		start = restarted(goal)
	}
	if len(stop)+len(start) == 0 {
		return nil
	}
	refresh := anySocket(stop) || anySocket(start) || anyDropIn(start, goal.Want.Files)
	return []Step{RestartUnits{Stop: socketsFirst(stop), Start: socketsFirst(start), Refresh: refresh}}
}

// restarted gives the running units that new packages restart. Whether they have come up again is asked by
// starting them.
func restarted(goal state.Goal) []string {
	if len(installation(goal).Pinned) == 0 {
		return nil
	}
	return selectKeys(goal.Want.Units, func(u string, w state.Unit) bool { return w.Active && goal.Have.Units[u].Active })
}

// servicesOf gives the services of sockets, as far as they run.
func servicesOf(sockets []string, have map[string]state.Unit) (services []string) {
	for _, socket := range sockets {
		if service, ok := serviceOf(socket); ok && have[service].Active {
			services = append(services, service)
		}
	}
	return services
}

// socketsFirst orders units so that no connection starts a service that is being stopped, and no
// service runs before its socket is there.
func socketsFirst(units []string) []string {
	slices.SortStableFunc(units, func(a, b string) int {
		_, aSocket := serviceOf(a)
		_, bSocket := serviceOf(b)
		switch {
		case aSocket == bSocket:
			return 0
		case aSocket:
			return -1
		default:
			return 1
		}
	})
	return units
}

// serviceOf gives the service that a socket unit starts: systemd's default, the same name.
func serviceOf(unit string) (string, bool) {
	name, ok := strings.CutSuffix(unit, ".socket")
	return name + ".service", ok
}

func anySocket(units []string) bool {
	return slices.ContainsFunc(units, func(u string) bool { return strings.HasSuffix(u, ".socket") })
}

func anyActive(units map[string]state.Unit) bool {
	for _, u := range units {
		if u.Active {
			return true
		}
	}
	return false
}

// anyDropIn tells whether one of the units has a drop-in that we look after, or did: one that is to
// go is a wanted file too, which does not exist.
func anyDropIn(units []string, files map[string]state.File) bool {
	return slices.ContainsFunc(units, func(unit string) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(files)), func(p string) bool {
			return strings.HasSuffix(path.Dir(p), "/"+unit+".d")
		})
	})
}
