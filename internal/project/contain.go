package project

import (
	"maps"
	"path"
	"slices"
	"strings"

	"docker-extension/internal/fault"
)

// contain looks for files that compose itself would read on the host, and refuses those outside of the
// project's folder. What a container mounts is another matter: that is what volumes are for.
func (f form) contain() fault.List {
	c := fence{}
	c.includes(f.tree["include"], fault.Member(f.place, "include"))
	each(f.tree["services"], f.services, c.service)
	for _, kind := range []string{"secrets", "configs"} {
		each(f.tree[kind], fault.Member(f.place, kind), func(entry map[string]any, place string) {
			c.files(entry["file"], fault.Member(place, "file"))
		})
	}
	return c.faults
}

// fence is one walk around a compose file.
type fence struct{ faults fault.List }

// each visits the objects in an object.
func each(value any, place string, visit func(entry map[string]any, place string)) {
	tree := object(value)
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		visit(object(tree[name]), fault.Member(place, name))
	}
}

func (c *fence) includes(value any, place string) {
	list, isList := value.([]any)
	if !isList {
		c.files(value, place)
		return
	}
	for i, entry := range list {
		here := item(place, i)
		c.files(entry, here)
		for _, key := range []string{"project_directory", "env_file"} {
			c.files(object(entry)[key], fault.Member(here, key))
		}
	}
}

func (c *fence) service(s map[string]any, place string) {
	for _, key := range []string{"env_file", "label_file", "credential_spec"} {
		c.files(s[key], fault.Member(place, key))
	}
	c.files(object(s["extends"])["file"], fault.Member(fault.Member(place, "extends"), "file"))
	c.build(s["build"], fault.Member(place, "build"))
}

func (c *fence) build(value any, place string) {
	if folder, ok := value.(string); ok {
		c.source(folder, place)
		return
	}
	b := object(value)
	folder, _ := b["context"].(string)
	c.source(folder, fault.Member(place, "context"))
	if folder == "" {
		folder = "."
	}
	if name, ok := b["dockerfile"].(string); ok && !remote(folder) {
		if !path.IsAbs(name) {
			name = folder + "/" + name
		}
		c.file(name, fault.Member(place, "dockerfile"))
	}
	c.pairs(b["additional_contexts"], fault.Member(place, "additional_contexts"), c.source)
	c.pairs(b["ssh"], fault.Member(place, "ssh"), c.file)
	for _, key := range []string{"cache_from", "cache_to"} {
		list, _ := b[key].([]any)
		for i, entry := range list {
			c.cache(entry, item(fault.Member(place, key), i))
		}
	}
}

// pairs visits the values of an object, or of a list of NAME=VALUE.
func (c *fence) pairs(value any, place string, visit func(text, place string)) {
	for name, entry := range object(value) {
		if text, ok := entry.(string); ok {
			visit(text, fault.Member(place, name))
		}
	}
	list, _ := value.([]any)
	for i, entry := range list {
		text, _ := entry.(string)
		if _, after, pair := strings.Cut(text, "="); pair {
			visit(after, item(place, i))
		}
	}
}

// cache looks into "type=local,src=PATH".
func (c *fence) cache(value any, place string) {
	text, _ := value.(string)
	for field := range strings.SplitSeq(text, ",") {
		name, file, _ := strings.Cut(field, "=")
		if name == "src" || name == "dest" {
			c.file(file, place)
		}
	}
}

// files checks a path, the path or file in an object, or a list of all these.
func (c *fence) files(value any, place string) {
	switch value := value.(type) {
	case string:
		c.file(value, place)
	case []any:
		for i, entry := range value {
			c.files(entry, item(place, i))
		}
	case map[string]any:
		for _, key := range []string{"path", "file"} {
			if value[key] != nil {
				c.files(value[key], fault.Member(place, key))
			}
		}
	}
}

// source checks a build context: a folder, or something that is not on the host at all.
func (c *fence) source(text, place string) {
	if !remote(text) {
		c.file(text, place)
	}
}

func (c *fence) file(text, place string) {
	switch {
	case text == "":
	case strings.Contains(text, "$"):
		c.faults = append(c.faults, refusal(place, "write the path out", "has a variable in it, so that nobody can tell whether it stays in %s", Folder))
	case !Inside(text):
		c.faults = append(c.faults, refusal(place, "put the file into "+Folder+" and name it from there, or pass its content in the settings",
			"lies outside of %s", Folder))
	}
}

// Inside tells whether a path, as compose reads it, stays in the project's folder: relative to it and
// not leading out, or absolute and below it.
func Inside(text string) bool {
	if strings.HasPrefix(text, "~") || strings.ContainsAny(text, "\x00\\") || strings.Contains(text, "://") {
		return false
	}
	clean := path.Clean(text)
	if path.IsAbs(clean) {
		return clean == Folder || strings.HasPrefix(clean, Folder+"/")
	}
	return clean != ".." && !strings.HasPrefix(clean, "../")
}

// remote tells whether a build context is one that is fetched: a repository, an archive, an image.
func remote(text string) bool {
	if slices.Contains(strings.Split(text, "/"), "..") {
		return false
	}
	for _, prefix := range []string{"http://", "https://", "git://", "ssh://", "git@", "github.com/", "docker-image://", "service:"} {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}
