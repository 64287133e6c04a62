package engine

import (
	"maps"
	"slices"

	"docker-extension/internal/lists"
	"docker-extension/internal/project"
	"docker-extension/internal/secret"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// ComposeFile is what compose works from. Paths and default names come from its folder, which is where
// the extension of 2015 had it too.
const ComposeFile = project.Folder + "/docker-compose.yml"

// composeFile gives the project's file: for root alone, because commands in it may hold anything.
func composeFile(s settings.Settings, facts state.Facts) map[string]state.File {
	if s.Compose == nil {
		return nil
	}
	content := s.Compose.Written(fileVersion(facts.OS))
	return map[string]state.File{ComposeFile: {Exists: true, Mode: 0o600, Content: content}}
}

// fileVersion gives the version that has to stand in a compose file. Debian 11 and Ubuntu 20.04 have compose
// 1.25, which takes a file without one for the form of 2015; since 1.27 none is needed, and compose 2, which
// either host may have as well, only warns about it.
func fileVersion(os state.OS) string {
	switch os.ID + " " + os.Version {
	case "debian 11", "ubuntu 20.04":
		return "2.4"
	}
	return ""
}

// wantedProjects gives the project of the settings, and those of earlier settings as gone.
func wantedProjects(s settings.Settings, facts state.Facts, file state.File) map[string]state.Project {
	projects := map[string]state.Project{}
	for name := range facts.Ledger.Projects {
		projects[name] = state.Project{}
	}
	if s.Compose != nil {
		environment := composeEnvironment(s)
		projects[s.ProjectName] = state.Project{
			Up:          true,
			Digest:      projectDigest(facts.Ledger.Key, file, environment),
			Services:    s.Compose.Active(revealed(environment)),
			Environment: environment,
		}
	}
	return projects
}

// composeEnvironment gives all variables for compose; a secret one wins over a public one.
func composeEnvironment(s settings.Settings) map[string]secret.Secret {
	environment := map[string]secret.Secret{}
	for name, value := range s.ComposeEnvironment {
		environment[name] = secret.New(value)
	}
	maps.Copy(environment, s.Environment)
	return environment
}

func revealed(environment map[string]secret.Secret) map[string]string {
	plain := map[string]string{}
	for name, value := range environment {
		plain[name] = value.Reveal()
	}
	return plain
}

// projectDigest stands for everything that the containers are made from.
func projectDigest(key []byte, file state.File, environment map[string]secret.Secret) state.Digest {
	texts := []string{string(file.Content)}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		texts = append(texts, name, environment[name].Reveal())
	}
	return state.Digest(secret.Seal(key, texts...))
}

// haveProjects gives the projects in the ledger as they are. One whose file is not as wanted may have
// been brought up from anything.
func haveProjects(facts state.Facts, want state.State) map[string]state.Project {
	projects := map[string]state.Project{}
	for name, raised := range facts.Ledger.Projects {
		wanted := want.Projects[name]
		p := state.Project{Up: true, Digest: raised.Digest}
		if wanted.Up {
			p.Up = up(facts.Containers[name], wanted.Services, raised.Boot == facts.Boot)
		}
		if !facts.Files[ComposeFile].Equal(want.Files[ComposeFile]) {
			p.Digest = ""
		}
		projects[name] = p
	}
	return projects
}

// up tells whether every service has containers and all of them run. One that ended with exit code 0
// has done its work, until the next boot: what the boot before ended is not to be told from that.
func up(containers []state.Container, services map[string]string, sameBoot bool) bool {
	seen := map[string]bool{}
	for _, c := range containers {
		if _, wanted := services[c.Service]; wanted && !c.Running && !(c.Ended && sameBoot) {
			return false
		}
		seen[c.Service] = true
	}
	for name := range services {
		if !seen[name] {
			return false
		}
	}
	return true
}

// composePackages are the packages that bring compose, whoever made them.
func composePackages() []string {
	return []string{"docker-compose-plugin", "docker-compose-v2", "docker-compose", "moby-compose"}
}

// composePackage gives the package to have compose from: one of those that the settings name, the one
// that is there, or the one that goes with the engine. What came with us for another engine does not count
// as there.
func composePackage(engine string, named []string, facts state.Facts) string {
	fitting := composeOf(engine, facts.OS)
	for _, name := range composePackages() {
		ours := slices.Contains(facts.Ledger.Debs, name) && name != fitting
		if slices.Contains(named, name) || facts.Packages[name].Installed && !ours {
			return name
		}
	}
	return fitting
}

// composeOf gives the package of compose that goes with an engine's.
func composeOf(engine string, os state.OS) string {
	switch {
	case engine == "docker-ce":
		return "docker-compose-plugin"
	case engine == "moby-engine":
		return "moby-compose"
	case os.ID == "ubuntu":
		return "docker-compose-v2"
	default:
		return "docker-compose"
	}
}

// unwantedCompose gives the packages of compose that came with us and are of no more use.
func unwantedCompose(s settings.Settings, facts state.Facts) []string {
	if s.Compose != nil {
		return nil
	}
	return lists.Shared(composePackages(), unclaimed(facts))
}
