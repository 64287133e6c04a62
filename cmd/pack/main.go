// Command pack writes the extension zip from the sources in the working directory and the binaries
// that `make build` made. The Makefile calls it; the host needs no zip program.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"docker-extension/internal/build"
)

func main() {
	version := flag.String("version", "", "version of the extension, such as 1.2.3")
	dist := flag.String("dist", "dist", "folder with the binaries, to which the zip is written")
	flag.Parse()
	if err := pack(*version, *dist); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

// pack writes dist/docker-extension-<version>.zip and says on stdout what it wrote.
func pack(version, dist string) error {
	if err := build.Version(version); err != nil {
		return err
	}
	entries, err := build.Extension(os.DirFS("."), os.DirFS(dist))
	if err != nil {
		return err
	}
	packed, err := build.Zip(entries)
	if err != nil {
		return err
	}
	path := filepath.Join(dist, "docker-extension-"+version+".zip")
	if err := renameio.WriteFile(path, packed, 0o644); err != nil {
		return fmt.Errorf("cannot write the zip: %w", err)
	}
	fmt.Printf("%s: %d files, %.1f of %d MB\n", path, len(entries), float64(len(packed))/(1<<20), build.Limit>>20)
	return nil
}
