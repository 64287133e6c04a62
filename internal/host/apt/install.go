package apt

import (
	"context"
	"errors"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/lists"
	"docker-extension/internal/patience"
	"docker-extension/internal/state"
)

// Install brings the newest package lists and then the packages, without what they only recommend.
// An error is a fault with code fault.PackageInstall in apt's own words, or with fault.PackageVersion
// if there is no such version; packages may have come nevertheless.
//
// Lists that cannot be brought up to date are no error if the install then works.
func (a Apt) Install(ctx context.Context, what state.Installation) error {
	err := a.with(what.Proxy).request(ctx, what, "install")
	// apt does not flush its marks, as dpkg does its record. Without them nobody knows what came along.
	return errors.Join(err, a.Root.Flush(MarksFile))
}

// Fetch brings the newest package lists, and downloads the packages without installing any. Its
// errors are those of Install.
func (a Apt) Fetch(ctx context.Context, what state.Installation) error {
	return a.with(what.Proxy).request(ctx, what, "download", "--download-only")
}

// request asks again as long as it is the network or a mirror that fails.
func (a Apt) request(ctx context.Context, what state.Installation, name string, options ...string) error {
	return patience.Of(ctx).Retry(ctx, patience.Outage(a.Pause), func() error { return a.ask(ctx, what, name, options...) })
}

// ask is one apt-get install with all that has to come before it. The name is for errors.
func (a Apt) ask(ctx context.Context, what state.Installation, name string, options ...string) error {
	name += " " + strings.Join(what.Packages, " ")
	if err := a.finish(ctx, what.Packages); err != nil {
		return blame(name, err)
	}
	var updateErr error
	if !what.Fetched {
		updateErr = a.apt(ctx, "update")
	}
	if err := errors.Join(patience.Of(ctx).Superseded(), ctx.Err()); err != nil {
		return blame(name, err, updateErr)
	}
	operands, err := a.operands(ctx, what)
	if err != nil {
		return blame(name, err, updateErr)
	}
	if err := a.careful(ctx, what, operands); err != nil {
		return blame(name, err, updateErr)
	}
	if operands, options, err = a.anew(what, operands, options); err != nil {
		return err
	}
	if err := a.apt(ctx, installArgs(what, operands, options...)...); err != nil {
		return passing(blame(name, err, updateErr), err, updateErr)
	}
	return nil
}

// anew adds the packages whose unpacking was cut off to what is asked of apt. It unpacks them anew only if it
// is told to.
func (a Apt) anew(what state.Installation, operands, options []string) ([]string, []string, error) {
	torn, err := a.torn()
	if torn = lists.Without(torn, what.Instead); err != nil || len(torn) == 0 {
		return operands, options, err
	}
	return append(operands, lists.Without(torn, what.Packages)...), append(options, "--reinstall"), nil
}

// installArgs gives apt-get's arguments. Going back to an older version is for those who named it.
func installArgs(what state.Installation, operands []string, options ...string) []string {
	args := append([]string{"install", "-y", "--no-install-recommends"}, options...)
	if what.Version != "" {
		args = append(args, "--allow-downgrades")
	}
	return append(append(args, "--"), operands...)
}

// operands gives the packages as apt-get takes them: "name", "name=version", and "name-" for one
// that is to go.
func (a Apt) operands(ctx context.Context, what state.Installation) ([]string, error) {
	versions := map[string]string{}
	if what.Version != "" && len(what.Pinned) > 0 {
		offers, err := a.offers(ctx, what.Pinned)
		if err != nil {
			return nil, err
		}
		if versions, err = choose(what.Pinned, what.Version, offers); err != nil {
			return nil, err
		}
	}
	var operands []string
	for _, name := range what.Packages {
		if version := versions[name]; version != "" {
			name += "=" + version
		}
		operands = append(operands, name)
	}
	for _, name := range what.Instead {
		operands = append(operands, name+"-")
	}
	return operands, nil
}

// careful asks apt what it would do, and refuses the removal of what did not come with us.
func (a Apt) careful(ctx context.Context, what state.Installation, operands []string) error {
	if !what.Careful {
		return nil
	}
	args := append(append(options(), "--simulate"), installArgs(what, operands)...)
	result, err := a.patiently(ctx, command.Command{Name: "apt-get", Args: args})
	if err != nil {
		return err
	}
	victims := removals(result.Output, what.Instead)
	if len(victims) == 0 && !result.Cut {
		return nil
	}
	if result.Cut {
		victims = []string{"packages that cannot be told: its plan is too long"}
	}
	return fault.New(fault.PackageInstall, "", "remove these packages on the VM with apt-get remove if nothing needs them, "+fault.Retry,
		"cannot install %s: apt would remove %s, which did not come with the extension", strings.Join(what.Packages, " "), strings.Join(victims, " "))
}

// removals gives the packages that a simulation would remove or purge beyond the removal of the
// allowed ones; unasked says what its lines look like.
func removals(simulation string, allowed []string) []string {
	var victims []string
	for line := range strings.Lines(simulation) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] != "Remv" && words[0] != "Purg" {
			continue
		}
		name, _, _ := strings.Cut(words[1], ":")
		if words[0] != "Remv" || !slices.Contains(allowed, name) {
			victims = append(victims, name)
		}
	}
	return slices.Compact(victims)
}
