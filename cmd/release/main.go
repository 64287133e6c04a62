// Command release writes everything that is published of a version, from the sources in the working
// directory and the binaries that `make build` made. The Makefile calls it.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"docker-extension/internal/build"
)

func main() {
	version := flag.String("version", "", "version of the extension, such as 1.2.3")
	dist := flag.String("dist", "dist", "folder with the binaries; the release goes to dist/release-<version>")
	media := flag.String("media", "", "address of the zip, for manifest.xml")
	regions := flag.String("regions", "", "regions for manifest.xml, divided by semicolons; everywhere if empty")
	internal := flag.Bool("internal", false, "publish for the publisher's own subscriptions only")
	homepage := flag.String("homepage", "", "page about the extension, for manifest.xml")
	eula := flag.String("eula", "", "page with the licence, for manifest.xml")
	privacy := flag.String("privacy", "", "page about privacy, for manifest.xml")
	flag.Parse()
	gallery := build.Gallery{MediaLink: *media, Internal: *internal, Homepage: *homepage, Eula: *eula, Privacy: *privacy}
	if *regions != "" {
		gallery.Regions = strings.Split(*regions, ";")
	}
	if err := release(*version, *dist, gallery); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release writes the files and says on stdout where they are.
func release(version, dist string, gallery build.Gallery) error {
	files, err := build.Release(os.DirFS("."), os.DirFS(dist), version, gallery)
	if err != nil {
		return err
	}
	folder := filepath.Join(dist, "release-"+version)
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("cannot remove an older try: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { // #nosec G301 -- for everybody
		return fmt.Errorf("cannot make the folder: %w", err)
	}
	for _, file := range files {
		if err := renameio.WriteFile(filepath.Join(folder, file.Name), file.Content, file.Mode); err != nil {
			return fmt.Errorf("cannot write %s: %w", file.Name, err)
		}
		fmt.Printf("%s: %d bytes\n", filepath.Join(folder, file.Name), len(file.Content))
	}
	return nil
}
