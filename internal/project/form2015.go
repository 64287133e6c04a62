package project

import (
	"maps"
	"slices"
	"strings"

	"docker-extension/internal/fault"
)

// form is a compose file in today's form, and where its parts stand in what was sent.
type form struct {
	tree     map[string]any
	place    string // of the whole
	services string // of the services
	notes    []string
}

// today gives a compose file in today's form. One that has services, a list to include or a version is in it
// already; the form of 2015 has nothing but services, right at the top (docker-compose's
// config_schema_v1.json).
func today(tree map[string]any, place string) (form, fault.List) {
	_, hasServices := tree["services"]
	_, hasVersion := tree["version"]
	_, includes := tree["include"].([]any)
	switch {
	case hasServices || includes:
		return form{tree: tree, place: place, services: fault.Member(place, "services")}, nil
	case hasVersion:
		return form{}, fault.List{refusal(fault.Member(place, "version"),
			`put the services into "services", or remove version and leave them at the top, as in 2015`, "is there, but services is not")}
	}
	c := conversion{services: tree, volumes: map[string]any{}}
	converted := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		s, ok := tree[name].(map[string]any)
		if !ok {
			c.refuse(fault.Member(place, name), `put the services into "services"`, "is not a service")
			continue
		}
		converted[name] = c.service(maps.Clone(s), fault.Member(place, name))
	}
	result := map[string]any{"services": converted}
	if len(c.volumes) > 0 {
		result["volumes"] = c.volumes
	}
	notes := []string{place + " has the form of 2015, with the services at the top, and is taken as today's"}
	return form{tree: result, place: place, services: place, notes: notes}, c.faults
}

// conversion is one walk through a file of 2015.
type conversion struct {
	services map[string]any
	volumes  map[string]any // named volumes, which today's form wants declared
	faults   fault.List
}

func (c *conversion) refuse(place, hint, format string, args ...any) {
	c.faults = append(c.faults, refusal(place, hint, format, args...))
}

// service converts one service in place. Keys that mean the same today stay.
func (c *conversion) service(s map[string]any, place string) map[string]any {
	c.network(s, place)
	c.logging(s, place)
	c.build(s, place)
	c.volumesFrom(s)
	c.namedVolumes(s, place)
	return s
}

// take removes an old key and gives its value, unless its successor, if it has one, is there as well.
func (c *conversion) take(s map[string]any, place, old, successor string) (any, bool) {
	value, given := s[old]
	if !given {
		return nil, false
	}
	if _, both := s[successor]; both && successor != "" {
		c.refuse(fault.Member(place, old), "remove "+old, "is the key of 2015 for %s, and both are there", successor)
		return nil, false
	}
	delete(s, old)
	return value, true
}

// takeText is take for a string.
func (c *conversion) takeText(s map[string]any, place, old, successor string) (string, bool) {
	value, given := c.take(s, place, old, successor)
	text, ok := value.(string)
	if given && !ok {
		c.refuse(fault.Member(place, old), "put the value in quotes", "is not a string")
	}
	return text, given && ok
}

// network converts net. The name after "container:" was a service's or a container's.
func (c *conversion) network(s map[string]any, place string) {
	mode, given := c.takeText(s, place, "net", "network_mode")
	if !given {
		return
	}
	if name, container := strings.CutPrefix(mode, "container:"); container && c.services[name] != nil {
		mode = "service:" + name
	}
	s["network_mode"] = mode
}

func (c *conversion) logging(s map[string]any, place string) {
	logging := map[string]any{}
	if driver, given := c.takeText(s, place, "log_driver", "logging"); given {
		logging["driver"] = driver
	}
	if options, given := c.take(s, place, "log_opt", "logging"); given {
		logging["options"] = options
	}
	if len(logging) > 0 {
		s["logging"] = logging
	}
}

func (c *conversion) build(s map[string]any, place string) {
	dockerfile, given := s["dockerfile"]
	if !given {
		return
	}
	context, ok := s["build"].(string)
	if !ok {
		c.refuse(fault.Member(place, "dockerfile"), `write it like "build": {"context": ".", "dockerfile": "..."}`, "cannot be converted: build is not the path of a folder")
		return
	}
	delete(s, "dockerfile")
	s["build"] = map[string]any{"context": context, "dockerfile": dockerfile}
}

// volumesFrom marks names that are no service of this file: in 2015 they were containers.
func (c *conversion) volumesFrom(s map[string]any) {
	list, _ := s["volumes_from"].([]any)
	for i, entry := range list {
		text, ok := entry.(string)
		name, _, _ := strings.Cut(text, ":")
		if ok && c.services[name] == nil && name != "container" && name != "service" {
			list[i] = "container:" + text
		}
	}
}

// namedVolumes declares the volumes that a service names, under the very names which they had in 2015:
// the data in them is found again.
func (c *conversion) namedVolumes(s map[string]any, place string) {
	driver, driven := c.takeText(s, place, "volume_driver", "")
	list, _ := s["volumes"].([]any)
	for i, entry := range list {
		text, _ := entry.(string)
		name, _, mapped := strings.Cut(text, ":")
		switch {
		case text == "" || strings.ContainsAny(text[:1], "./~$"):
			if driven && !mapped && text != "" {
				c.refuse(item(fault.Member(place, "volumes"), i), `name the volume, like "data:/data"`, "cannot be converted: volume_driver is for volumes with a name")
			}
		case mapped:
			c.declare(name, driver, driven, fault.Member(place, "volume_driver"))
		}
	}
}

func (c *conversion) declare(name, driver string, driven bool, place string) {
	volume := map[string]any{"name": name}
	if driven {
		volume["driver"] = driver
	}
	other := object(c.volumes[name])
	switch {
	case other == nil || other["driver"] == nil:
		c.volumes[name] = volume
	case driven && other["driver"] != driver:
		c.refuse(place, "give it the same driver in all services", "cannot be converted: the volume %q has another driver elsewhere", name)
	}
}
