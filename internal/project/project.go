// Package project knows compose files: today's form, and the form of 2015 with the services at the top,
// which it converts. It finds what compose itself would find too late or not at all, and what a compose
// file on a VM must not do: read files of the host beyond the project's own folder.
package project

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"docker-extension/internal/fault"
)

// Folder is where the project's file lies, and the only folder from which it may take files. Paths in
// the compose file are relative to it.
const Folder = "/etc/docker/compose"

// Project is what a compose file asks for.
type Project struct {
	Name      string             // the file's own name for the project, variables and all; "" if it has none
	File      json.RawMessage    // the compose file in today's form, without name and version
	Services  map[string]Service // by name
	Variables []string           // that a service lists or that stand somewhere as ${NAME}; sorted
}

// Service is what has to be known of a service before compose is asked.
type Service struct {
	Image    string   // as it stands in the file, variables and all; "" where the image is built
	Profiles []string // it runs only if one of these is active; empty: always
	Scale    string   // how many containers are wanted, as it stands in the file, variables and all; "" where nothing is said
}

// Read checks a compose file and brings it into today's form. In: the file as JSON, an object, and the
// place in the settings that it came by. Out: the project, nil for a file without services; notes, which
// are sentences about what works but deserves a word; and all faults, with code fault.SettingsInvalid.
func Read(file json.RawMessage, place string) (*Project, []string, fault.List) {
	decoder := json.NewDecoder(bytes.NewReader(file))
	decoder.UseNumber() // numbers keep their digits
	var tree map[string]any
	if err := decoder.Decode(&tree); err != nil {
		return nil, nil, fault.List{refusal(place, "write the compose file as JSON", "is not an object")}
	}
	if len(tree) == 0 {
		return nil, nil, nil
	}
	f, faults := today(tree, place)
	if len(faults) > 0 {
		return nil, nil, faults
	}
	tree = f.tree
	services := object(tree["services"])
	if faults = append(f.checkServices(), f.contain()...); len(services) == 0 || len(faults) > 0 {
		return nil, nil, faults
	}
	p := &Project{Services: map[string]Service{}, Variables: variables(tree)}
	p.Name, _ = tree["name"].(string)
	for name, s := range services {
		p.Services[name] = service(object(s))
	}
	delete(tree, "name")    // compose is told the name, and 1.29 does not know the key
	delete(tree, "version") // of no use since compose 1.27, and compose 2 warns about it
	p.File = encode(tree)
	return p, f.notes, nil
}

// Written gives the bytes of the file. Compose older than 1.27 needs a version in it, such as "2.4";
// "" for none.
func (p *Project) Written(version string) []byte {
	content := bytes.TrimSpace(p.File)
	if version != "" {
		content = slices.Concat([]byte(`{"version":`), encode(version), []byte(","), content[1:])
	}
	var out bytes.Buffer
	if json.Indent(&out, content, "", "  ") != nil {
		return content
	}
	out.WriteByte('\n')
	return out.Bytes()
}

// NameWith gives the file's own name for the project with these variables put in. known is false where that
// is compose's to work out.
func (p *Project) NameWith(environment map[string]string) (name string, known bool) {
	return expand(p.Name, environment)
}

// NamedBy tells whether a variable stands in the file's own name for the project.
func (p *Project) NamedBy(variable string) bool {
	found := map[string]bool{}
	inTexts(p.Name, found)
	return found[variable]
}

// Active gives the services that are to run, each with its image as far as it can be told from these
// variables: "" where it cannot, or where the image is built.
func (p *Project) Active(environment map[string]string) map[string]string {
	profiles := strings.Split(environment["COMPOSE_PROFILES"], ",")
	active := map[string]string{}
	for name, s := range p.Services {
		on := len(s.Profiles) == 0 || slices.Contains(profiles, "*")
		on = on || slices.ContainsFunc(s.Profiles, func(profile string) bool { return slices.Contains(profiles, profile) })
		if !on || s.idle(environment) {
			continue
		}
		image, known := expand(s.Image, environment)
		if !known {
			image = ""
		}
		active[name] = image
	}
	return active
}

// service reads what has to be known of a service.
func service(tree map[string]any) Service {
	s := Service{}
	if _, built := tree["build"]; !built && tree["pull_policy"] != "never" {
		s.Image, _ = tree["image"].(string)
	}
	list, _ := tree["profiles"].([]any)
	for _, profile := range list {
		if name, ok := profile.(string); ok {
			s.Profiles = append(s.Profiles, name)
		}
	}
	s.Scale = scale(tree)
	return s
}

// scale gives how many containers a service wants, as Service has it.
func scale(tree map[string]any) string {
	wanted := tree["scale"]
	if wanted == nil {
		wanted = object(tree["deploy"])["replicas"]
	}
	switch wanted := wanted.(type) {
	case json.Number:
		return wanted.String()
	case string:
		return wanted
	}
	return ""
}

// idle tells whether no container is wanted. A number may stand in a string, because a variable can only
// stand there (toInt in compose-go's loader/interpolate.go).
func (s Service) idle(environment map[string]string) bool {
	text, _ := expand(s.Scale, environment)
	number, err := strconv.Atoi(text)
	return err == nil && number == 0
}

// checkServices looks for services that cannot be any. What is in files to include is not known here, so
// that with them alone there is nothing that could be pulled, watched or told.
func (f form) checkServices() (faults fault.List) {
	services, ok := f.tree["services"].(map[string]any)
	include, _ := f.tree["include"].([]any)
	switch {
	case len(services) == 0 && len(include) > 0:
		return fault.List{refusal(fault.Member(f.place, "include"), `put at least one into "services"; those of the other files come up beside it`,
			"names other files, but no service stands in the settings")}
	case !ok:
		return fault.List{refusal(f.services, `write it like {"web": {"image": "nginx"}}`, "is not an object")}
	}
	for _, name := range slices.Sorted(maps.Keys(services)) {
		here := fault.Member(f.services, name)
		s, ok := services[name].(map[string]any)
		if !ok {
			faults = append(faults, refusal(here, `write it like {"image": "nginx"}`, "is not an object"))
			continue
		}
		faults = append(faults, checkService(s, here)...)
	}
	return faults
}

func checkService(s map[string]any, place string) (faults fault.List) {
	if _, merges := s["<<"]; merges {
		faults = append(faults, refusal(fault.Member(place, "<<"), "write the keys out", "is a way of YAML, which JSON does not have"))
	}
	// compose would run the program of this name that is on the VM (runPlugin in docker/compose's
	// pkg/compose/plugins.go).
	if s["provider"] != nil {
		return append(faults, refusal(fault.Member(place, "provider"), "run what it provides as a service with an image", "is a program of the VM, which settings cannot have run"))
	}
	for _, source := range []string{"image", "build", "extends"} {
		if s[source] != nil {
			return faults
		}
	}
	return append(faults, refusal(place, "name its image", "has neither image nor build"))
}

func refusal(place, hint, format string, args ...any) *fault.Fault {
	return fault.New(fault.SettingsInvalid, place, hint, format, args...)
}

func item(place string, i int) string { return place + "[" + strconv.Itoa(i) + "]" }

// object gives a value if it is an object; an empty map to read from otherwise.
func object(value any) map[string]any {
	tree, _ := value.(map[string]any)
	return tree
}

// encode gives the JSON of what was decoded from JSON, which cannot fail.
func encode(value any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value)
	return bytes.TrimSpace(out.Bytes())
}
