package build

import (
	"fmt"
	"io/fs"
	"regexp"
)

// Version tells whether a text can be the version of an extension: three or four numbers divided by
// dots. The agent looks for "<name>-<numbers and dots>" to find the handler directories
// (exthandlers.py of waagent), so nothing else will do.
func Version(text string) error {
	if !regexp.MustCompile(`^\d+\.\d+\.\d+(\.\d+)?$`).MatchString(text) {
		return fmt.Errorf("cannot use version %q: it is not three or four numbers divided by dots", text)
	}
	return nil
}

// Architectures gives the machines that the extension runs on, by Go's names.
func Architectures() []string { return []string{"amd64", "arm64"} }

// Extension gives the files of the extension zip. source is the root of the sources; binaries holds
// "docker-extension-<arch>" for each of Architectures.
func Extension(source, binaries fs.FS) ([]Entry, error) {
	entries := []Entry{
		{Name: "HandlerManifest.json", Mode: 0o644},
		{Name: "bin/docker-extension", Mode: 0o755},
	}
	var err error
	if entries[0].Content, err = fs.ReadFile(source, "HandlerManifest.json"); err != nil {
		return nil, fmt.Errorf("cannot read the manifest: %w", err)
	}
	if entries[1].Content, err = fs.ReadFile(source, "launcher"); err != nil {
		return nil, fmt.Errorf("cannot read the launcher: %w", err)
	}
	for _, arch := range Architectures() {
		name := "docker-extension-" + arch
		content, err := fs.ReadFile(binaries, name)
		if err != nil {
			return nil, fmt.Errorf("cannot read the binary: %w", err)
		}
		entries = append(entries, Entry{Name: "bin/" + name, Mode: 0o755, Content: content})
	}
	return entries, nil
}
