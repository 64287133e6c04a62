// Command docs writes the pages of docs/ that are made from the sources. Run it in the folder of the
// project, or by `make docs`.
package main

import (
	"fmt"
	"os"

	"docker-extension/internal/reference"
	"docker-extension/internal/settings"
)

func main() {
	if err := write("docs/settings.md"); err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

// write writes the settings reference.
func write(file string) error {
	page, err := reference.Settings(settings.PublicSchema(), settings.ProtectedSchema())
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(page), 0o644) // #nosec G306 -- a page of the documentation
}
