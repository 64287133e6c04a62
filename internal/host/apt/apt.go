// Package apt installs, removes and holds packages with the host's own apt, without ever asking a
// question, and reads what dpkg knows of them from its record, without starting a process.
//
// Nothing here purges a package and nothing removes one that was not named: the first deletes the
// data of Debian's docker.io (its postrm calls nuke-graph-directory.sh), the second takes away what
// a person may use by now.
package apt

import (
	"context"
	"slices"
	"strings"
	"time"

	"docker-extension/internal/host/command"
	"docker-extension/internal/host/files"
	"docker-extension/internal/patience"
	"docker-extension/internal/state"
)

// Bounds that hold unless the Apt says otherwise.
const (
	DefaultWork  = 20 * time.Minute // of one child's own work
	DefaultPause = time.Second      // between two looks at a lock
)

// Apt is the package manager of the host at Root. Runner must be set up; the zero durations stand
// for the defaults above. How long it waits for others is for the patience in a call's context to say.
type Apt struct {
	Root   files.Root
	Runner command.Runner
	Work   time.Duration
	Pause  time.Duration

	env []string // of the children, beside what they all have
}

// with gives the same package manager with a way to the outside. apt reads these variables where its
// own configuration names no proxy: what a person has configured wins. They are no arguments, and no
// file on the disk, because an address may carry a password.
func (a Apt) with(proxy state.Proxy) Apt {
	for _, v := range []struct{ name, value string }{
		{"http_proxy", proxy.HTTP.Reveal()}, {"https_proxy", proxy.HTTPS.Reveal()}, {"no_proxy", proxy.No},
	} {
		if v.value != "" {
			a.env = append(slices.Clip(a.env), v.name+"="+v.value)
		}
	}
	return a
}

// Packages gives every package that dpkg knows, by name.
func (a Apt) Packages() (map[string]state.Package, error) { return Packages(a.Root) }

// Present gives the names of the packages that are there, whole or half, sorted.
func (a Apt) Present() ([]string, error) {
	packages, err := a.Packages()
	return state.Present(packages), err
}

// finish lets dpkg end what an earlier run, that was killed or lost its power, left half done. apt
// refuses to work before that (its words: "dpkg was interrupted, you must manually run ...").
func (a Apt) finish(ctx context.Context, names []string) error {
	interrupted, err := a.interrupted(names)
	if err != nil {
		return err
	}
	leaving, err := a.leaving()
	if err != nil || !interrupted && len(leaving) == 0 {
		return err
	}
	if err := a.configure(ctx); err != nil || len(leaving) == 0 {
		return err
	}
	_, err = a.patiently(ctx, command.Command{Name: "dpkg", Args: append([]string{"--remove", "--"}, leaving...)})
	return err
}

// configure lets dpkg configure what is unpacked. It fails at a package that is torn ("in a very bad
// inconsistent state"), after it has configured the others. That is no reason to give up: such a package is
// unpacked anew with the next installation.
func (a Apt) configure(ctx context.Context) error {
	result, err := a.patiently(ctx, command.Command{
		Name: "dpkg", Args: []string{"--force-confdef", "--force-confold", "--configure", "-a"},
	})
	if err == nil || ctx.Err() != nil || patience.Of(ctx).Superseded() != nil || lockHeld(result.Output) {
		return err
	}
	if torn, unread := a.torn(); unread != nil || len(torn) == 0 {
		return err
	}
	return nil
}

// torn gives the packages whose unpacking was cut off, sorted.
func (a Apt) torn() ([]string, error) {
	var names []string
	err := eachField(a.Root, func(s *stanza) {
		if s.torn {
			names = append(names, s.name)
		}
	}, "Package", "Status")
	slices.Sort(names)
	return slices.Compact(names), err
}

// interrupted tells whether dpkg's journal has entries, or one of the named packages is neither in nor out.
func (a Apt) interrupted(names []string) (bool, error) {
	entries, err := journal(a.Root)
	if err != nil || len(entries) > 0 {
		return err == nil, err
	}
	unfinished := false
	err = eachField(a.Root, func(s *stanza) {
		unfinished = unfinished || s.unfinished() && slices.Contains(names, s.name)
	}, "Package", "Status")
	return unfinished, err
}

// Hold makes apt leave the packages at their version, for unattended upgrades too.
func (a Apt) Hold(ctx context.Context, names []string) error { return a.mark(ctx, "hold", names) }

// Unhold takes a Hold back.
func (a Apt) Unhold(ctx context.Context, names []string) error { return a.mark(ctx, "unhold", names) }

func (a Apt) mark(ctx context.Context, verb string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	_, err := a.patiently(ctx, command.Command{Name: "apt-mark", Args: append([]string{verb, "--"}, names...)})
	if err != nil {
		return blame(verb+" "+strings.Join(names, " "), err)
	}
	return nil
}

func or(value, fallback time.Duration) time.Duration {
	if value > 0 {
		return value
	}
	return fallback
}
