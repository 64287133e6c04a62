package apt

import (
	"context"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/state"
)

const placeVersion = "publicSettings.docker.version"

// shownVersions is how many versions an error lists.
const shownVersions = 5

// offers gives the versions of each package that the repositories have, the newest first.
func (a Apt) offers(ctx context.Context, names []string) (map[string][]string, error) {
	result, err := a.patiently(ctx, command.Command{Name: "apt-cache", Args: append([]string{"madison", "--"}, names...)})
	if err != nil {
		return nil, err
	}
	return madison(result.Output), nil
}

// madison reads the lines of apt-cache madison, "package | version | where it is from", which are
// ordered from the newest version to the oldest. A version that two repositories have comes twice.
func madison(output string) map[string][]string {
	offers := map[string][]string{}
	for line := range strings.Lines(output) {
		fields := strings.Split(line, "|")
		if len(fields) != 3 || !strings.HasSuffix(strings.TrimSpace(fields[2]), " Packages") {
			continue
		}
		name, version := strings.TrimSpace(fields[0]), strings.TrimSpace(fields[1])
		if !slices.Contains(offers[name], version) {
			offers[name] = append(offers[name], version)
		}
	}
	return offers
}

// choose gives the version of each package: the newest that fits, and the engine's own for those that
// are built with it. The engine comes first in names.
func choose(names []string, wanted string, offers map[string][]string) (map[string]string, error) {
	chosen := map[string]string{}
	for _, name := range names {
		fit := func(version string) bool { return state.VersionFits(version, wanted) }
		if i := slices.IndexFunc(offers[name], fit); i >= 0 {
			chosen[name] = offers[name][i]
		} else {
			return nil, noVersion(name, wanted, offers[name])
		}
		if version := chosen[names[0]]; slices.Contains(offers[name], version) {
			chosen[name] = version
		}
	}
	return chosen, nil
}

func noVersion(name, wanted string, offered []string) error {
	if len(offered) == 0 {
		return fault.New(fault.PackageVersion, placeVersion, "check docker.source, and what apt-get update says on the VM",
			"no repository of this VM has the package %s, in any version", name)
	}
	list := strings.Join(offered[:min(shownVersions, len(offered))], ", ")
	if more := len(offered) - shownVersions; more > 0 {
		list += ", and older ones"
	}
	return fault.New(fault.PackageVersion, placeVersion, "name one of these, or how it begins; remove docker.version for the newest",
		"no version of %s begins with %s; available: %s", name, wanted, list)
}
