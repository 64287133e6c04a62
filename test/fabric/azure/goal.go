package azure

import (
	"slices"
	"strconv"
	"time"

	"docker-extension/test/harness/agent"
)

// What can be wanted of an extension. Disabled is deprecated, and the agent still knows it
// (restapi.py, ExtensionRequestedState).
const (
	Enabled   = "enabled"
	Disabled  = "disabled"
	Uninstall = "uninstall"
)

// Extension is what the goal state says of one extension.
type Extension struct {
	Name, Version string
	// State is one of the three words; empty means Enabled.
	State string
	// Seq is the sequence number of the settings.
	Seq int
	// Settings are none if nil.
	Settings *agent.File
	// Level is the dependency level, 0 for none. DependsOn names the extensions behind it.
	Level     int
	DependsOn []string
}

// goal is one goal state.
type goal struct {
	number     int // the incarnation, or what the ETag is made of
	created    time.Time
	extensions []Extension
}

func now() time.Time { return time.Now() }

// ticks gives a time as .NET writes it: 100 ns since the year 1.
func ticks(t time.Time) string {
	const unixEpoch = 621355968000000000
	return strconv.FormatInt(t.UnixNano()/100+unixEpoch, 10)
}

// Set makes a new goal state with these extensions and gives its number. The agent sees it at its
// next poll, as a new incarnation.
func (f *Fabric) Set(extensions ...Extension) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fabric = f.next(extensions)
	return f.fabric.number
}

// OfferVMSettings says whether the HostGAPlugin knows vmSettings. An agent that was told no asks again
// after its next start, or six hours.
func (f *Fabric) OfferVMSettings(offered bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.offered = offered
}

// SetFast does what Set does over the FastTrack channel: the incarnation stays, and the HostGAPlugin,
// if it offers vmSettings, has new ones. Agent 2.7.3 fetches them and acts on incarnations only.
func (f *Fabric) SetFast(extensions ...Extension) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fast = f.next(extensions)
	return f.fast.number
}

// Next raises the incarnation and changes nothing else: what happens to a VM when its load balancer
// is reconfigured, say. It gives the number of the goal state.
func (f *Fabric) Next() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fabric = f.next(f.current().extensions)
	return f.fabric.number
}

// Extensions gives the extensions of the present goal state.
func (f *Fabric) Extensions() []Extension {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.current().extensions)
}

// Number gives the number of the present goal state.
func (f *Fabric) Number() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current().number
}

// current is the newer of the two; it needs the lock.
func (f *Fabric) current() goal {
	if f.fast.created.After(f.fabric.created) {
		return f.fast
	}
	return f.fabric
}

// next gives a goal newer than all before, with a number that no other has; it needs the lock.
func (f *Fabric) next(extensions []Extension) goal {
	return goal{number: f.current().number + 1, created: now(), extensions: slices.Clone(extensions)}
}

func (e Extension) state() string {
	if e.State == "" {
		return Enabled
	}
	return e.State
}
