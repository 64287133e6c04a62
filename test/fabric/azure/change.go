package azure

import (
	"context"
	"encoding/json"
	"slices"

	"docker-extension/test/harness/agent"
)

// Change says what is to be different about one extension. What is left out stays as it is.
type Change struct {
	Version string `json:"version,omitempty"`
	State   string `json:"state,omitempty"`
	// Public and Protected are JSON in plain text. New settings, be it one of the two, replace both and
	// get the next sequence number.
	Public    json.RawMessage `json:"public,omitempty"`
	Protected json.RawMessage `json:"protected,omitempty"`
	Level     int             `json:"level,omitempty"`
	DependsOn []string        `json:"dependsOn,omitempty"`
	// Fast says to use the FastTrack channel.
	Fast bool `json:"fast,omitempty"`
}

// Apply makes a new goal state in which the extension of this name is changed, or is there at all, and
// gives its number. Protected settings are encrypted to the VM as Azure does.
func (f *Fabric) Apply(ctx context.Context, name string, change Change) (int, error) {
	var settings *agent.File
	if change.Public != nil || change.Protected != nil {
		sealed, err := agent.Settings{Public: change.Public, Protected: change.Protected}.Seal(ctx, f.tenant)
		if err != nil {
			return 0, err
		}
		settings = &sealed
	}
	extensions := f.Extensions()
	i := slices.IndexFunc(extensions, func(e Extension) bool { return e.Name == name })
	if i < 0 {
		i, extensions = len(extensions), append(extensions, Extension{Name: name, State: Enabled, Seq: -1})
	}
	extensions[i].change(change, settings)
	if change.Fast {
		return f.SetFast(extensions...), nil
	}
	return f.Set(extensions...), nil
}

// Drop makes a goal state without the extension. That is no uninstall: the agent deletes what it has
// of such an extension without asking it.
func (f *Fabric) Drop(name string) int {
	return f.Set(slices.DeleteFunc(f.Extensions(), func(e Extension) bool { return e.Name == name })...)
}

func (e *Extension) change(c Change, settings *agent.File) {
	if c.Version != "" {
		e.Version = c.Version
	}
	if c.State != "" {
		e.State = c.State
	}
	if settings != nil {
		e.Settings, e.Seq = settings, e.Seq+1
	}
	if c.Level != 0 {
		e.Level = c.Level
	}
	if c.DependsOn != nil {
		e.DependsOn = c.DependsOn
	}
}
