package apt

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/lists"
)

// Remove removes those of the named packages that no package outside of them needs, and gives their
// names, sorted; packages that are not installed are passed over. Configuration and data stay. If
// apt would remove or install anything else along with it, nothing is done and the error says what.
// Errors are faults with code fault.PackageInstall.
func (a Apt) Remove(ctx context.Context, names []string) (removed []string, err error) {
	removed, err = a.Removable(names)
	if err != nil || len(removed) == 0 {
		return nil, err
	}
	what := "remove " + strings.Join(removed, " ")
	if err := a.finish(ctx, removed); err != nil {
		return nil, blame(what, err)
	}
	needed, err := a.rehearse(ctx, removed)
	if err != nil {
		return nil, blame(what, err)
	}
	args, err := a.evenTorn(removed)
	if err != nil {
		return nil, err
	}
	if err := a.apt(ctx, append(needed, args...)...); err != nil {
		return nil, blame(what, err)
	}
	return removed, nil
}

// evenTorn gives apt-get's arguments for a removal. dpkg refuses to remove a package whose unpacking was cut
// off ("in a very bad inconsistent state") unless it is told to. There is no use in unpacking it anew for that.
func (a Apt) evenTorn(names []string) ([]string, error) {
	torn, err := a.torn()
	if err != nil || len(lists.Without(names, torn)) == len(names) {
		return removeArgs(names), err
	}
	return append([]string{"-o", "Dpkg::Options::=--force-remove-reinstreq"}, removeArgs(names)...), nil
}

// Removable gives those of the named packages that are installed and that no installed package
// outside of the result needs, sorted. It only reads.
func (a Apt) Removable(names []string) ([]string, error) {
	var installed []stanza
	err := eachField(a.Root, func(s *stanza) {
		if s.installed() || s.unfinished() {
			installed = append(installed, *s)
		}
	}, "Package", "Status", "Depends", "Pre-Depends", "Provides")
	if err != nil {
		return nil, err
	}
	return removable(installed, names), nil
}

func removeArgs(names []string) []string {
	return append([]string{"remove", "-y", "--"}, names...)
}

// listless has apt look at no source, and so at no package list. What it knows without them is no cache for others.
func listless() []string {
	return []string{
		"-o", "Dir::Etc::SourceList=/dev/null", "-o", "Dir::Etc::SourceParts=/dev/null",
		"-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=",
	}
}

// rehearse asks apt what it would do and refuses everything that is not the removal of these. It gives options
// that the removal needs: apt does nothing at all with lists that it cannot parse, as a power cut may leave
// them, and a removal needs none, unless a package is to be unpacked anew.
func (a Apt) rehearse(ctx context.Context, names []string) (needed []string, err error) {
	result, err := a.simulate(ctx, removeArgs(names))
	if unreadable(err) {
		needed = listless()
		result, err = a.simulate(ctx, append(listless(), removeArgs(names)...))
	}
	if err != nil {
		return nil, err
	}
	return needed, acceptable(result, names)
}

func (a Apt) simulate(ctx context.Context, args []string) (command.Result, error) {
	return a.patiently(ctx, command.Command{Name: "apt-get", Args: slices.Concat(options(), []string{"--simulate"}, args)})
}

// unreadable tells whether apt could not parse its lists.
func unreadable(err error) bool {
	var exit *command.ExitError
	return errors.As(err, &exit) && strings.Contains(exit.Tail, "could not be parsed or opened")
}

// acceptable judges the result of a simulation.
func acceptable(result command.Result, names []string) error {
	if result.Cut {
		return fault.New(fault.PackageInstall, "", "run apt-get --simulate remove with these packages on the VM",
			"cannot remove %s: apt's plan is too long to be checked", strings.Join(names, " "))
	}
	if strangers := unasked(result.Output, names); len(strangers) > 0 {
		return fault.New(fault.PackageInstall, "", "remove the packages on the VM with apt-get, if that is what you want",
			"cannot remove %s: apt would also change %s", strings.Join(names, " "), strings.Join(strangers, " "))
	}
	return nil
}

// unasked gives the packages that a simulation would remove, purge or install beyond the removal of
// the named ones. Its lines are "Remv NAME [VERSION]", "Purg NAME" and "Inst NAME ..." (apt-get(8),
// --simulate); NAME has ":ARCH" at its end if the architecture is not the host's own.
func unasked(simulation string, names []string) []string {
	var strangers []string
	for line := range strings.Lines(simulation) {
		words := strings.Fields(line)
		if len(words) < 2 || !slices.Contains([]string{"Remv", "Purg", "Inst"}, words[0]) {
			continue
		}
		name, _, _ := strings.Cut(words[1], ":")
		if words[0] != "Remv" || !slices.Contains(names, name) {
			strangers = append(strangers, words[1])
		}
	}
	return slices.Compact(strangers)
}

// removable takes names out of the set until what stays on the host has all that it needs. Versions
// in dependencies are passed over: where that is too bold, the rehearsal says so.
func removable(installed []stanza, names []string) []string {
	going := make(map[string]bool, len(names))
	for _, s := range installed {
		if slices.Contains(names, s.name) {
			going[s.name] = true
		}
	}
	offers := providers(installed)
	for changed := true; changed; {
		changed = false
		for _, s := range installed {
			if going[s.name] {
				continue
			}
			for _, kept := range missed(s, offers, going) {
				delete(going, kept)
				changed = true
			}
		}
	}
	return slices.Sorted(maps.Keys(going))
}

// providers gives for each name, real or virtual, the installed packages that stand for it.
func providers(installed []stanza) map[string][]string {
	offers := make(map[string][]string, len(installed))
	for _, s := range installed {
		offers[s.name] = append(offers[s.name], s.name)
		for virtual := range strings.SplitSeq(s.provides, ",") {
			if name := bareName(virtual); name != "" {
				offers[name] = append(offers[name], s.name)
			}
		}
	}
	return offers
}

// missed gives those of the going packages that s cannot do without: all that fulfil a dependency
// which nothing that stays would fulfil.
func missed(s stanza, offers map[string][]string, going map[string]bool) []string {
	var needed []string
	for _, field := range s.requires {
		for group := range strings.SplitSeq(field, ",") {
			var candidates []string
			for alternative := range strings.SplitSeq(group, "|") {
				candidates = append(candidates, offers[bareName(alternative)]...)
			}
			if stays := func(name string) bool { return !going[name] }; !slices.ContainsFunc(candidates, stays) {
				needed = append(needed, candidates...)
			}
		}
	}
	return needed
}

// bareName strips version and architecture: "libc6:any (>= 2.36)" gives "libc6".
func bareName(relation string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(relation), " ")
	name, _, _ = strings.Cut(name, "(")
	name, _, _ = strings.Cut(name, ":")
	return name
}
