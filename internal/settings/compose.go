package settings

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/project"
	"docker-extension/internal/registry"
	"docker-extension/internal/secret"
)

// projectName is the variable that names the project, and defaultProject the name without it, which is
// also what the extension of 2015 used: its containers are taken over.
const (
	projectName    = "COMPOSE_PROJECT_NAME"
	defaultProject = "compose"
)

// takeCompose reads the compose file, which may have come by either key.
func (p *parser) takeCompose(wire publicWire) {
	file, place := wire.Compose, PlacePublic("compose")
	if p.takeOld(old{public, "composeup", "compose"}, wire.ComposeUp != nil, wire.Compose != nil) {
		file, place = wire.ComposeUp, PlacePublic("composeup")
	}
	p.composePlace = place
	p.settings.ComposeEnvironment = wire.Environment
	if file == nil || p.wrong(place) {
		return
	}
	found, notes, faults := project.Read(json.RawMessage(file), place)
	p.settings.Compose = found
	p.faults = append(p.faults, faults...)
	for _, n := range notes {
		p.note(n)
	}
}

// crossCompose checks the variables against the compose file and each other.
func (p *parser) crossCompose() {
	s := &p.settings
	for _, name := range slices.Sorted(maps.Keys(s.ComposeEnvironment)) {
		p.checkVariable(name, fault.Member(PlacePublic("compose-environment"), name))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		place := fault.Member(PlaceProtected("environment"), name)
		p.checkVariable(name, place)
		if name == projectName {
			p.refuse(place, "move it to "+PlacePublic("compose-environment"), "is no secret: every container of the project shows it")
		}
	}
	p.nameProject()
	p.noteUnseen()
}

// checkVariable refuses what would lead compose to another engine, other files or other programs.
func (p *parser) checkVariable(name, place string) {
	steering := []string{
		"DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_API_VERSION",
		"COMPOSE_FILE", "COMPOSE_ENV_FILES", "COMPOSE_PATH_SEPARATOR", "COMPOSE_API_VERSION", "COMPOSE_IGNORE_ORPHANS", "PATH", "HOME",
	}
	if slices.Contains(steering, name) || strings.HasPrefix(name, "LD_") || strings.HasPrefix(name, "PYTHON") {
		p.refuse(place, `set it in the service itself, like "environment": {"NAME": "value"}, if a container needs it`,
			"is a variable that compose itself goes by")
	}
}

// nameProject finds the project's name: the variable's, the file's own, or the default.
func (p *parser) nameProject() {
	s := &p.settings
	name, place := defaultProject, ""
	if given, ok := s.ComposeEnvironment[projectName]; ok {
		name, place = given, PlacePublic("compose-environment."+projectName)
	} else if s.Compose != nil && s.Compose.Name != "" {
		place = p.composePlace + ".name"
		if name, ok = p.ownName(place); !ok {
			return
		}
	}
	// The rule of compose 2 (compose-spec.json, "name"); what it accepts, older ones do too.
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`).MatchString(name) {
		p.refuse(place, "use up to 63 small letters, digits, dashes and underscores, a letter or digit first", "is not the name of a project")
		return
	}
	s.ProjectName = name
}

// ownName gives the name that the file has for the project, with public variables put in as compose does
// (projectName in compose-go's loader/loader.go), and whether it can be told. One that comes to nothing is
// as if there were none.
func (p *parser) ownName(place string) (name string, ok bool) {
	s := &p.settings
	hint := "write the name out, or set " + projectName + " in " + PlacePublic("compose-environment")
	for _, variable := range slices.Sorted(maps.Keys(s.Environment)) {
		if s.Compose.NamedBy(variable) {
			p.refuse(place, hint, "has the secret variable %s in it, and every container of the project shows its name", variable)
			return "", false
		}
	}
	name, known := s.Compose.NameWith(s.ComposeEnvironment)
	if !known {
		p.refuse(place, hint, "cannot be worked out")
	}
	return cmp.Or(name, defaultProject), known
}

// noteUnseen names the secret variables that reach no container.
func (p *parser) noteUnseen() {
	s := &p.settings
	var unseen []string
	for _, name := range slices.Sorted(maps.Keys(s.Environment)) {
		listed := s.Compose != nil && slices.Contains(s.Compose.Variables, name)
		if !listed && !strings.HasPrefix(name, "COMPOSE_") {
			unseen = append(unseen, fault.Member(PlaceProtected("environment"), name))
		}
	}
	if len(unseen) > 0 && len(p.faults) == 0 {
		p.note(strings.Join(unseen, ", ") + ": not visible inside any container, because no service lists it")
	}
}

// takeLogins takes the accounts at registries, of which docker keeps one for each.
func (p *parser) takeLogins(wire loginsWire) {
	seen := map[string]int{}
	for i, l := range wire {
		place := PlaceProtected(fmt.Sprintf("login[%d].server", i))
		name := registry.Name(l.Server)
		earlier, twice := seen[name]
		switch {
		case name == "":
			p.refuse(PlaceProtected("login"), "use a name like \"registry.example.com:5000\", or leave server out for Docker Hub", "has a server without a name")
		case twice:
			p.refuse(place, "keep one of the two", "is the registry of %s too, and docker keeps one account for each", PlaceProtected(fmt.Sprintf("login[%d]", earlier)))
		}
		seen[name] = i
		password := secret.New(registry.Password(l.Password.Reveal()))
		p.settings.Logins = append(p.settings.Logins, Login{Server: name, Username: l.Username, Password: password})
	}
}
