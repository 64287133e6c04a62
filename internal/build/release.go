package build

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"slices"
)

// Workstations gives the systems on which people run the program: "<GOOS>-<GOARCH>", as the binaries are
// named in dist/, where those of the extension, which are for Linux, have the architecture alone.
func Workstations() []string { return []string{"amd64", "arm64", "darwin-amd64", "darwin-arm64"} }

// Release gives the files of a release: the zip, manifest.xml, the binaries for workstations, the bill of
// materials, and SHA256SUMS over all of them. source is the root of the sources; binaries holds
// "docker-extension-<system>" for each of Workstations. The same input gives the same bytes.
func Release(source, binaries fs.FS, version string, g Gallery) ([]Entry, error) {
	extension, err := Extension(source, binaries)
	if err != nil {
		return nil, err
	}
	zip, err := Zip(extension)
	if err != nil {
		return nil, err
	}
	manifest, err := Manifest(version, g)
	if err != nil {
		return nil, err
	}
	var programs []Entry
	for _, system := range Workstations() {
		content, err := fs.ReadFile(binaries, "docker-extension-"+system)
		if err != nil {
			return nil, fmt.Errorf("cannot read the binary: %w", err)
		}
		programs = append(programs, Entry{Name: program(system), Mode: 0o755, Content: content})
	}
	sbom, err := SBOM(version, programs)
	if err != nil {
		return nil, err
	}
	files := append(programs,
		Entry{Name: "docker-extension-" + version + ".zip", Mode: 0o644, Content: zip},
		Entry{Name: "docker-extension-" + version + ".cdx.json", Mode: 0o644, Content: sbom},
		Entry{Name: "manifest.xml", Mode: 0o644, Content: manifest},
	)
	slices.SortFunc(files, func(a, b Entry) int { return cmp.Compare(a.Name, b.Name) })
	return append(files, Entry{Name: "SHA256SUMS", Mode: 0o644, Content: sums(files)}), nil
}

// program gives the name under which a binary is published.
func program(system string) string {
	if slices.Contains(Architectures(), system) {
		system = "linux-" + system
	}
	return "docker-extension-" + system
}

// sums gives the checksums as `sha256sum --check` reads them.
func sums(files []Entry) []byte {
	var list bytes.Buffer
	for _, file := range files {
		fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256(file.Content), file.Name)
	}
	return list.Bytes()
}
