package build

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
)

// The parts of CycloneDX 1.6 that a bill of materials of a Go program needs.
type (
	bill struct {
		Schema       string       `json:"$schema"`
		BomFormat    string       `json:"bomFormat"`
		SpecVersion  string       `json:"specVersion"`
		Version      int          `json:"version"`
		Metadata     billMetadata `json:"metadata"`
		Components   []component  `json:"components"`
		Dependencies []dependency `json:"dependencies"`
	}
	billMetadata struct {
		Component component `json:"component"`
	}
	component struct {
		Type       string      `json:"type"`
		Ref        string      `json:"bom-ref"`
		Name       string      `json:"name"`
		Version    string      `json:"version,omitempty"`
		PURL       string      `json:"purl,omitempty"`
		Hashes     []hash      `json:"hashes,omitempty"`
		Properties []property  `json:"properties,omitempty"`
		Components []component `json:"components,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	dependency struct {
		Ref       string   `json:"ref"`
		DependsOn []string `json:"dependsOn"`
	}
)

// SBOM gives the bill of materials, CycloneDX as JSON: every binary with its checksum, and the modules
// and the standard library that are linked into any of them, as the linker has noted it in the binaries
// themselves. It has neither a time nor a random number in it, so that the same binaries give the same
// bytes.
func SBOM(version string, binaries []Entry) ([]byte, error) {
	root := component{Type: "application", Ref: "docker-extension", Name: "docker-extension", Version: version}
	linked := map[string]component{}
	for _, binary := range binaries {
		info, err := buildinfo.Read(bytes.NewReader(binary.Content))
		if err != nil {
			return nil, fmt.Errorf("cannot read what is linked into %s: %w", binary.Name, err)
		}
		sum := sha256.Sum256(binary.Content)
		root.Components = append(root.Components, component{
			Type: "file", Ref: binary.Name, Name: binary.Name,
			Hashes: []hash{{Algorithm: "SHA-256", Content: hex.EncodeToString(sum[:])}},
		})
		for _, part := range parts(info) {
			linked[part.Ref] = part
		}
	}
	b := bill{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", BomFormat: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata: billMetadata{Component: root}, Dependencies: []dependency{{Ref: root.Ref}},
	}
	for _, part := range linked {
		b.Components = append(b.Components, part)
	}
	slices.SortFunc(b.Components, func(a, b component) int { return cmp.Compare(a.Ref, b.Ref) })
	for _, part := range b.Components {
		b.Dependencies[0].DependsOn = append(b.Dependencies[0].DependsOn, part.Ref)
	}
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("cannot write the bill of materials: %w", err)
	}
	return append(text, '\n'), nil
}

// parts gives the standard library and the modules of one binary.
func parts(info *debug.BuildInfo) []component {
	all := []component{part("std", strings.TrimPrefix(info.GoVersion, "go"), "")}
	for _, module := range info.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		all = append(all, part(module.Path, module.Version, module.Sum))
	}
	return all
}

// part describes one module. Its checksum is go.sum's, which is over the names and checksums of its files
// and none that CycloneDX has a name for.
func part(path, version, sum string) component {
	purl := "pkg:golang/" + path + "@" + version
	c := component{Type: "library", Ref: purl, Name: path, Version: version, PURL: purl}
	if sum != "" {
		c.Properties = []property{{Name: "go.sum", Value: sum}}
	}
	return c
}
