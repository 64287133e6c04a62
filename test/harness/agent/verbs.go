package agent

import (
	"context"
	"errors"
	"os"
)

// ErrAbsent says that the extension is not on the machine.
var ErrAbsent = errors.New("the extension is not on the machine")

// Enable gives the extension new settings under the next sequence number, installing pkg or updating
// to it first if need be.
func (a *Agent) Enable(ctx context.Context, pkg Package, settings Settings) error {
	file, err := settings.Seal(ctx, a.tenant)
	if err != nil {
		return err
	}
	return a.EnableFile(ctx, pkg, file)
}

// EnableFile is Enable with a settings file whose fields are chosen one by one: another thumbprint,
// a ciphertext that was tampered with.
func (a *Agent) EnableFile(ctx context.Context, pkg Package, file File) error {
	content, err := file.Bytes()
	if err != nil {
		return err
	}
	return a.EnableRaw(ctx, pkg, content)
}

// EnableRaw is Enable with any bytes as settings file. Nil means no settings at all: an empty
// 0.settings.
func (a *Agent) EnableRaw(ctx context.Context, pkg Package, content []byte) error {
	return a.Apply(ctx, Goal{Package: pkg, Seq: a.NextSeq(), Settings: content})
}

// EnableAgain applies the goal that is on the machine once more: the settings file is rewritten with
// the same content and enable runs with the same sequence number. The agent does so whenever anything
// in the goal state has changed. What failed to install is tried again from the zip.
func (a *Agent) EnableAgain(ctx context.Context) error {
	h, ok := a.Current()
	if !ok {
		return ErrAbsent
	}
	return a.Apply(ctx, a.goalOf(h))
}

// goalOf gives the goal that brought h to where it is.
func (a *Agent) goalOf(h Handler) Goal {
	goal := Goal{Package: Package{Version: h.version}}
	if archive, err := a.files.read(h.archive()); err == nil {
		goal.Package.Zip = archive
	}
	if seq, content, ok := h.sequence(); ok && len(content) > 0 {
		goal.Seq, goal.Settings = seq, content
	}
	return goal
}

// Update brings the extension to pkg, a newer version or an older one, with the settings and the
// sequence number that it has.
func (a *Agent) Update(ctx context.Context, pkg Package) error {
	h, ok := a.Current()
	if !ok {
		return ErrAbsent
	}
	goal := a.goalOf(h)
	goal.Package = pkg
	return a.Apply(ctx, goal)
}

// Disable runs disable if the extension is enabled.
func (a *Agent) Disable(ctx context.Context) error {
	h, ok := a.Current()
	if !ok {
		return ErrAbsent
	}
	return a.report(h, a.disable(ctx, h))
}

func (a *Agent) disable(ctx context.Context, h Handler) error {
	if h.State() != Enabled {
		return nil
	}
	seq, _, _ := h.sequence()
	if _, err := a.Run(ctx, h, "disable", seq); err != nil {
		return err
	}
	return errors.Join(h.setState(Installed), h.setStatus("NotReady", CodeOK, "Plugin disabled"))
}

// Uninstall disables the extension if it is enabled, uninstalls it and removes its folder at once. A
// failing disable stops it; a failing uninstall does not, and is given back all the same so that a
// test sees it.
func (a *Agent) Uninstall(ctx context.Context) error {
	h, ok := a.working("")
	if !ok {
		if h, ok = a.Current(); !ok {
			return ErrAbsent
		}
	}
	if err := a.report(h, a.disable(ctx, h)); err != nil {
		return err
	}
	var uninstalled error
	if h.State() == Installed {
		seq, _, _ := h.sequence()
		_, uninstalled = a.Run(ctx, h, "uninstall", seq)
	}
	for _, left := range a.Handlers() {
		if err := a.drop(left); err != nil {
			return err
		}
	}
	return uninstalled
}

// Restart plays a start of the agent, which also follows each boot: certificates become 0400, every
// HandlerEnvironment.json is written again, and the goal state is processed once more.
func (a *Agent) Restart(ctx context.Context) error {
	for _, suffix := range []string{".crt", ".prv"} {
		if err := os.Chmod(a.machine.HostPath(a.tenant.file(suffix)), 0o400); err != nil {
			return err
		}
	}
	for _, h := range a.Handlers() {
		if err := h.writeEnvironment(); err != nil {
			return err
		}
	}
	return a.EnableAgain(ctx)
}

// Rebooter is a Machine that can be started anew.
type Rebooter interface {
	// Reboot halts the machine, starts it again and returns when it is up.
	Reboot(ctx context.Context) error
}

// Reboot starts the machine anew, then the agent on it.
func (a *Agent) Reboot(ctx context.Context) error {
	machine, ok := a.machine.(Rebooter)
	if !ok {
		return errors.New("this machine cannot be rebooted")
	}
	if err := machine.Reboot(ctx); err != nil {
		return err
	}
	return a.Restart(ctx)
}

// NextSeq gives the sequence number of the next settings: one more than the newest, 0 for the first.
func (a *Agent) NextSeq() int {
	seq, ok := a.Seq()
	if !ok {
		return 0
	}
	return seq + 1
}

// Seq gives the newest sequence number; ok is false when the extension never had settings.
func (a *Agent) Seq() (seq int, ok bool) {
	h, ok := a.Current()
	if !ok {
		return 0, false
	}
	seq, _, ok = h.sequence()
	return seq, ok
}
