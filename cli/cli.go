// Package cli is the program as a person sees it: the tree of its commands, with their flags, help and
// completion. What a command does is in the rooms below; nothing here is on the way of the agent's calls.
package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"docker-extension/cli/certs"
	"docker-extension/cli/person"
	"docker-extension/cli/validate"
	"docker-extension/cli/vm"
	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

// Verb runs one of the agent's verbs on the host below root, and gives the exit code.
type Verb func(ctx context.Context, root files.Root, verb string) int

// Run understands a command line, does what it says and gives the exit code.
func Run(ctx context.Context, p *person.Person, agent Verb, args []string) int {
	code := 0
	tree := Tree(p, func(ctx context.Context, root files.Root, verb string) int {
		code = agent(ctx, root, verb)
		return code
	})
	p.JSON = wantsJSON(args)
	tree.SetArgs(args)
	tree.SetIn(p.In)
	tree.SetOut(p.Out)
	tree.SetErr(p.Err)
	if len(args) == 0 {
		tree.SetOut(p.Err)
		tree.InitDefaultHelpCmd()
		tree.InitDefaultCompletionCmd()
		_ = tree.Help()
		return int(fault.Usage)
	}
	if err := tree.ExecuteContext(ctx); err != nil {
		return p.Refuse(err)
	}
	return code
}

// wantsJSON finds --output json in a command line that may be wrong elsewhere: what is wrong with it is told
// in the form that was asked for.
func wantsJSON(args []string) bool {
	for i, arg := range args {
		switch {
		case arg == "--output=json", arg == "-o=json", arg == "-ojson":
			return true
		case (arg == "--output" || arg == "-o") && slices.Contains(args[i+1:min(i+2, len(args))], "json"):
			return true
		}
	}
	return false
}

// The groups of commands in the help.
const (
	groupSettings = "settings"
	groupVM       = "vm"
	groupAgent    = "agent"
)

// Tree gives all commands.
func Tree(p *person.Person, agent Verb) *cobra.Command {
	root := &cobra.Command{
		Use:   "docker-extension",
		Short: "Make a Linux VM on Azure a Docker host",
		Long: `docker-extension makes a Linux VM on Azure a Docker host.

The Azure Linux Agent calls it on the VM. A person uses the same program: on a workstation to make
certificates and check settings, and on the VM, as root, to see what is there and what would change.`,
		SuggestionsMinimumDistance: 2,
		SilenceErrors:              true,
		SilenceUsage:               true,
		Args:                       knownVerb,
		RunE:                       func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	dir, output := "/", "text"
	flags := root.PersistentFlags()
	flags.StringVar(&dir, "root", dir, "look at, and work on, the host below `DIR`; programs are taken from there too")
	flags.StringVarP(&output, "output", "o", output, "`FORM` of the answer: text or json")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		p.Root = files.New(p.Path(dir))
		p.JSON = output == "json"
		if output != "text" && output != "json" {
			return usage("--output", "write text or json", "%q is not a form of answers", fault.Shorten(output, 40))
		}
		return nil
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("", "run `"+c.CommandPath()+" --help`", "cannot understand the command line: %w", err)
	})
	// Shells complete names of files where a command or a flag says so, and nowhere else. These calls fail
	// for flags alone that are not there.
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	_ = root.MarkPersistentFlagDirname("root")
	root.AddGroup(&cobra.Group{ID: groupSettings, Title: "Before you deploy, anywhere:"},
		&cobra.Group{ID: groupVM, Title: "On the VM, as root:"},
		&cobra.Group{ID: groupAgent, Title: "What the Azure Linux Agent calls:"})
	add(root, groupSettings, certs.Command(p), validate.Command(p), schema(p))
	add(root, groupVM, vm.Commands(p)...)
	add(root, groupAgent, agentVerbs(p, agent)...)
	add(root, "", version(p))
	root.SetHelpCommand(help())
	return root
}

// help explains a command. The library's own does not complain of one that is not there.
func help() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		Long:  "Explain a command, or list all.",
		ValidArgsFunction: func(c *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, known := range c.Root().Commands() {
				if known.IsAvailableCommand() && len(args) == 0 && strings.HasPrefix(known.Name(), begin) {
					names = append(names, known.Name()+"\t"+known.Short)
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || about == c.Root() && len(rest) > 0 {
				return knownVerb(c.Root(), args)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

func add(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, c := range commands {
		c.GroupID = group
		if c.Args != nil {
			c.Args = asUsage(c.Args)
		}
		root.AddCommand(c)
	}
}

// asUsage makes a fault of what cobra says about arguments.
func asUsage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usage("", "run `"+c.CommandPath()+" --help`", "cannot understand the command line: %w", err)
		}
		return nil
	}
}

// knownVerb refuses a word that is no command.
func knownVerb(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, known := range c.Commands() {
		if known.IsAvailableCommand() {
			names = append(names, known.Name())
		}
	}
	hint := "use one of " + strings.Join(names, ", ")
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage("", hint, "unknown command %q", fault.Shorten(args[0], 40))
}

func usage(place, hint, format string, args ...any) error {
	return fault.New(fault.Usage, place, hint, format, args...)
}

// version prints the version.
func version(p *person.Person) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			document := map[string]string{"name": "docker-extension", "version": p.Version}
			return p.Answer(document, func() { p.Say("docker-extension %s", p.Version) })
		},
	}
}

// agentVerbs are the verbs of the agent, for the help; main has taken plain calls of them already.
func agentVerbs(p *person.Person, agent Verb) []*cobra.Command {
	var all []*cobra.Command
	for _, verb := range [][2]string{
		{"install", "Look whether this operating system is supported"},
		{"enable", "Bring the engine to what the settings say, and report"},
		{"disable", "Stop the engine and its containers"},
		{"update", "Prepare for the version that comes, or the one that leaves"},
		{"uninstall", "Remove what the extension put here; keep images, containers and volumes"},
	} {
		all = append(all, &cobra.Command{
			Use:   verb[0],
			Short: verb[1],
			Long:  verb[1] + fmt.Sprintf(".\n\nThe Azure Linux Agent calls `docker-extension %s` with the handler's folder in its environment, or in\na folder with HandlerEnvironment.json. The exit code is 0 or one of those in docs/errors.md.", verb[0]),
			Args:  cobra.NoArgs,
			Run:   func(c *cobra.Command, _ []string) { agent(c.Context(), p.Root, c.Name()) },
		})
	}
	return all
}
