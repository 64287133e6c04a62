package vm

import (
	"context"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"docker-extension/cli/person"
	"docker-extension/internal/bundle"
	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/oplog"
	"docker-extension/internal/state"
)

func diagnoseCommand(p *person.Person) *cobra.Command {
	l := looker{Person: p}
	out := ""
	c := &cobra.Command{
		Use:   "diagnose",
		Short: "Collect what belongs to a bug report into one archive, without secrets",
		Long: `Collect versions, status, plan, the extension's and the agent's logs, states of units, the ends of their journals,
daemon.json, the public settings and the list of packages into one .tar.gz that only you can read.

Every secret is taken out: those of the protected settings, also of earlier ones, the server's key, the accounts in
docker's credentials, the values of variables, and whatever looks like a password, a token or a private key. Look
through it before you send it; names of hosts, accounts and images stay.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return l.diagnose(c.Context(), out) },
	}
	handlerFlag(c, &l)
	c.Flags().StringVar(&out, "out", "", "`FILE` to write; by default one with host and time in its name, in this folder")
	_ = c.MarkFlagFilename("out", "gz")
	return c
}

// collected is the answer. The names of its fields stay.
type collected struct {
	File    string   `json:"file"`
	Bytes   int      `json:"bytes"`
	Entries []string `json:"entries"`
}

func (l looker) diagnose(ctx context.Context, out string) error {
	if err := l.mayLook(); err != nil {
		return err
	}
	name := "docker-extension-" + l.hostName() + "-" + l.Now().UTC().Format("20060102T150405Z")
	if out == "" {
		out = name + ".tar.gz"
	}
	s := &search{looker: l, secrets: &oplog.Redactor{}}
	s.learnSecrets(ctx)
	entries := s.collect(ctx)
	packed, err := bundle.Pack(name, entries, l.Now(), s.secrets.Redact)
	if err != nil {
		return err
	}
	answer := collected{File: l.Path(out), Bytes: len(packed)}
	for _, e := range entries {
		answer.Entries = append(answer.Entries, e.Name)
	}
	// To where the person stands, whatever --root says.
	if err := files.New("/").Create(answer.File, state.File{Exists: true, Mode: 0o600, Content: packed}); err != nil {
		return err
	}
	return l.Answer(answer, func() {
		l.Say("%s %s: %d files, %d KiB, for your eyes only", l.Paint(person.Good, "✓"), out, len(entries), (len(packed)+1023)/1024)
		l.Say("Secrets have been taken out. Names of hosts, accounts and images are in it: look through it before you send it.")
	})
}

// hostName gives the VM's name, as far as it is fit for the name of a file.
func (l looker) hostName() string {
	file, err := l.Root.Read("/etc/hostname")
	name := regexp.MustCompile(`[^A-Za-z0-9.-]+`).ReplaceAllString(strings.TrimSpace(string(file.Content)), "-")
	if err != nil || strings.Trim(name, ".-") == "" {
		return "vm"
	}
	return fault.Shorten(name, 64)
}
