package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"docker-extension/cli/person"
	"docker-extension/internal/settings"
)

// schema prints the JSON Schema of the public settings, or of the part that is named.
func schema(p *person.Person) *cobra.Command {
	return &cobra.Command{
		Use:       "schema [public|protected]",
		Short:     "Print the JSON Schema of the settings",
		Long:      "Print the JSON Schema (2020-12) of the public settings, or of the protected ones. It is the one that decides on the\nVM; an editor that knows it completes keys and shows mistakes while you write.",
		ValidArgs: []string{"public", "protected"},
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		RunE: func(_ *cobra.Command, args []string) error {
			text := settings.PublicSchema()
			if len(args) == 1 && args[0] == "protected" {
				text = settings.ProtectedSchema()
			}
			_, err := fmt.Fprint(p.Out, text)
			return err
		},
	}
}
