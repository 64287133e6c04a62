package apt

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/patience"
	"docker-extension/internal/state"
)

// Try brings the package lists of one repository, described in a file that apt does not know yet, and
// of no other. An error is a fault with code fault.PackageSource: the repository cannot be reached, is
// not signed, or with another key. It tries again as long as it is the network or a server that fails.
func (a Apt) Try(ctx context.Context, description string, proxy state.Proxy) error {
	a = a.with(proxy)
	return patience.Of(ctx).Retry(ctx, patience.Outage(a.Pause), func() error { return a.try(ctx, description) })
}

func (a Apt) try(ctx context.Context, description string) error {
	err := a.apt(ctx, "-o", "Dir::Etc::sourcelist="+a.Root.Path(description), "-o", "Dir::Etc::sourceparts=-",
		"-o", "APT::Get::List-Cleanup=0", "update")
	if err == nil {
		return nil
	}
	return passing(&fault.Fault{
		Code: fault.PackageSource, Place: "publicSettings.docker.source",
		Err:  &failure{what: "use the repository", text: words(err, linesOfRun), cause: err},
		Hint: sourceHint(err),
	}, err)
}

// sourceHint gives the cure for a repository that somebody has named just now; what is not peculiar
// to that is as with every other.
func sourceHint(err error) string {
	said := words(err, linesOfRun)
	for _, trouble := range []trouble{
		{signs: []string{"NO_PUBKEY", "is not signed", "public key is not available", "Missing key", "BADSIG", "The following signatures"},
			hint: "see that the repository is signed, and send the key that it is signed with as docker.source.key"},
		{signs: []string{"404  Not Found", "does not have a Release file", "File not found"},
			hint: "check docker.source: url and suite must lead to a file dists/SUITE/Release, or SUITE/Release if suite ends with a slash"},
	} {
		if slices.ContainsFunc(trouble.signs, func(sign string) bool { return strings.Contains(said, sign) }) {
			return trouble.hint
		}
	}
	return hint([]error{err})
}

// Keyrings is the folder of the keys that Signed-By names (apt-secure(8)).
const Keyrings = "/etc/apt/keyrings/"

// sourceFiles are where apt looks for repositories (sources.list(5)).
func sourceFiles(root files.Root) ([]string, error) {
	const parts = "/etc/apt/sources.list.d"
	all := []string{"/etc/apt/sources.list"}
	entries, err := root.List(parts)
	for _, entry := range entries {
		if ext := filepath.Ext(entry.Name()); ext == ".list" || ext == ".sources" {
			all = append(all, filepath.Join(parts, entry.Name()))
		}
	}
	return all, err
}

// Listed gives the repositories of binary packages that apt knows, one for each address and suite. A
// file that cannot be read is passed over: it is apt that has to complain.
func Listed(root files.Root) ([]state.Listed, error) {
	names, err := sourceFiles(root)
	if err != nil {
		return nil, err
	}
	var all []state.Listed
	for _, name := range names {
		file, err := root.ReadFollowing(name)
		if err != nil {
			continue
		}
		read := listedLines
		if filepath.Ext(name) == ".sources" {
			read = listedStanzas
		}
		for _, entry := range read(string(file.Content)) {
			entry.File = name
			all = append(all, entry)
		}
	}
	return all, nil
}

// listedLines reads the one-line form: "deb [options] address suite components".
func listedLines(text string) (all []state.Listed) {
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		rest, isDeb := strings.CutPrefix(line, "deb")
		if !isDeb || rest == "" || !strings.ContainsRune(" \t[", rune(rest[0])) {
			continue
		}
		if before, after, ok := strings.Cut(rest, "]"); ok && strings.HasPrefix(strings.TrimSpace(before), "[") {
			rest = after
		}
		if words := strings.Fields(rest); len(words) >= 2 {
			all = append(all, state.Listed{URL: words[0], Suite: words[1], Components: words[2:]})
		}
	}
	return all
}

// listedStanzas reads the deb822 form. Lines of a field that goes on begin with a blank.
func listedStanzas(text string) (all []state.Listed) {
	fields, last := map[string]string{}, ""
	for line := range strings.Lines(text + "\n\n") {
		line = strings.TrimRight(line, " \t\r\n")
		name, value, isField := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "":
			all = append(all, listedStanza(fields)...)
			fields, last = map[string]string{}, ""
		case line[0] == ' ' || line[0] == '\t':
			fields[last] += " " + line
		case isField:
			last = strings.ToLower(name)
			fields[last] = value
		}
	}
	return all
}

func listedStanza(fields map[string]string) (all []state.Listed) {
	switch strings.ToLower(strings.TrimSpace(fields["enabled"])) {
	case "no", "false", "without", "off", "disable", "0":
		return nil
	}
	if !slices.Contains(strings.Fields(fields["types"]), "deb") {
		return nil
	}
	for _, address := range strings.Fields(fields["uris"]) {
		for _, suite := range strings.Fields(fields["suites"]) {
			all = append(all, state.Listed{URL: address, Suite: suite, Components: strings.Fields(fields["components"])})
		}
	}
	return all
}
