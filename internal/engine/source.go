package engine

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/keyring"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// The files by which apt knows the repository of docker.source. Docker's own installation pages use
// the same two, so a person who follows them later does not get a second one.
const (
	SourceFile  = "/etc/apt/sources.list.d/docker.sources"
	KeyringFile = "/etc/apt/keyrings/docker.asc"
)

// DockerKey is the fingerprint of the key that Docker signs its repositories with
// (https://docs.docker.com/engine/install/debian/).
const DockerKey = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"

const placeSource = "publicSettings.docker.source"

// supply is where the engine comes from on this host.
type supply struct {
	packages []string
	source   state.Repository // to be added; zero if apt has all that is needed
	origin   string           // of the packages, for the Choice
	notes    []string
}

// supplyOf works out what docker.source means on this host.
func supplyOf(s settings.Settings, facts state.Facts) (supply, error) {
	from := s.Docker.Source
	if from.Kind == settings.SourceDistro || from.Kind == "" {
		own := supply{packages: distroPackages(facts.OS)}
		return own, own.checkForeign(from, facts)
	}
	repository, err := repositoryOf(s, facts.OS)
	if err != nil {
		return supply{}, err
	}
	packages := from.Packages
	if len(packages) == 0 {
		packages = dockerPackages()
	}
	out := supply{packages: packages, source: repository, origin: repository.Origin()}
	if err := out.yield(facts); err != nil {
		return supply{}, err
	}
	return out, out.checkForeign(from, facts)
}

// dockerPackages are the packages of the engine in Docker's own repository.
func dockerPackages() []string {
	return []string{"docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin", "docker-compose-plugin"}
}

// repositoryOf gives the repository that the settings name.
func repositoryOf(s settings.Settings, os state.OS) (state.Repository, error) {
	from := s.Docker.Source
	repository := state.Repository{
		File: SourceFile, Keyring: KeyringFile, Arch: os.Arch,
		URL: strings.TrimRight(from.URL, "/"), Suite: from.Suite, Component: from.Component, Key: from.Key,
	}
	if from.Kind == settings.SourceMirror {
		if repository.Key == (state.Key{}) {
			repository.Keyring = ""
		}
		return repository, nil
	}
	if os.Codename == "" {
		return state.Repository{}, fault.New(fault.Unsupported, placeSource, "use a source with url and suite",
			"cannot choose a suite: /etc/os-release has no VERSION_CODENAME")
	}
	repository.URL = dockerAddress(s.Cloud) + "/linux/" + os.ID
	repository.Suite, repository.Component = os.Codename, "stable"
	repository.Key = state.Key{Address: repository.URL + "/gpg", Fingerprint: DockerKey}
	return repository, nil
}

// dockerAddress gives where Docker's repositories are. The second one is what Docker's installation
// script knows as --mirror AzureChinaCloud (https://github.com/docker/docker-install); it has the same
// packages, signed with the same key.
func dockerAddress(cloud settings.Cloud) string {
	if cloud == settings.AzureChinaCloud {
		return "https://mirror.azure.cn/docker-ce"
	}
	return "https://download.docker.com"
}

// yield leaves the repository to a person who has listed it already. apt refuses to work when two
// files name one repository with different keys.
func (s *supply) yield(facts state.Facts) error {
	_, ours := facts.Ledger.Files[SourceFile]
	for _, listed := range facts.Listed {
		if listed.File == SourceFile && ours || !sameRepository(listed, s.source) {
			continue
		}
		if s.source.Component != "" && !slices.Contains(listed.Components, s.source.Component) {
			return fault.New(fault.HostConfig, listed.File, "add "+s.source.Component+" to its components, or remove the entry",
				"names the repository of docker.source without the component %s", s.source.Component)
		}
		s.source = state.Repository{}
		s.notes = append(s.notes, fmt.Sprintf("the repository of docker.source is used as %s has it, with the key named there", listed.File))
		return nil
	}
	if facts.Files[SourceFile].Exists && !ours {
		s.notes = append(s.notes, SourceFile+" named another repository and is replaced; uninstall gives it back")
	}
	return nil
}

// sameRepository compares addresses as far as they name one place: http and https do.
func sameRepository(listed state.Listed, wanted state.Repository) bool {
	return listed.Suite == wanted.Suite && place(listed.URL) == place(wanted.URL)
}

func place(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return strings.TrimRight(address, "/")
	}
	return strings.ToLower(u.Host) + strings.TrimRight(u.Path, "/")
}

// checkForeign refuses to replace an engine that somebody else has installed: that would stop its
// containers. Settings that do not name a source use it as it is.
func (s *supply) checkForeign(from settings.Source, facts state.Facts) error {
	name, foreign := foreignEngine(facts)
	if !foreign || !from.Named || slices.Contains(s.packages, name) {
		return nil
	}
	return fault.New(fault.SettingsInvalid, placeSource,
		"remove docker.source, and that engine is used as it is; or remove the package on the VM (apt-get remove "+name+" keeps all data), "+fault.Retry,
		"cannot replace the engine of the package %s, which was here before the extension", name)
}

// knownSource gives the repository if apt knows it as it is wanted, with the right key; otherwise
// none, so that it is added anew. A key that is no longer fit is fetched again when it is needed.
func knownSource(wanted state.Repository, facts state.Facts, needed bool) state.Repository {
	file := facts.Files[wanted.File]
	described := state.File{Exists: true, Mode: 0o644, Content: wanted.Description(wanted.Keyring)}
	if !file.Equal(described) || wanted.Keyring != "" && !rightKey(wanted, facts, needed) {
		return state.Repository{}
	}
	return wanted
}

func rightKey(wanted state.Repository, facts state.Facts, needed bool) bool {
	file := facts.Files[wanted.Keyring]
	held := facts.Keys[wanted.Keyring]
	switch key := wanted.Key; {
	case !file.Exists || file.Mode != 0o644 || needed && !held.Fit && key.Text == "":
		return false
	case key.Text != "":
		return string(file.Content) == key.Text
	case key.Fingerprint != "":
		return slices.Equal(held.Fingerprints, []string{keyring.Normal(key.Fingerprint)})
	default:
		known := facts.Ledger.Fetched
		return known.Address == key.Address && slices.Equal(held.Fingerprints, known.Fingerprints)
	}
}

// keepSource makes the repository's files part of what is ours, as they are. Writing them is the work
// of the step that adds a repository, which tries it first.
func keepSource(files map[string]state.File, source state.Repository, facts state.Facts) {
	for _, p := range []string{source.File, source.Keyring} {
		if p != "" {
			files[p] = facts.Files[p]
		}
	}
}
