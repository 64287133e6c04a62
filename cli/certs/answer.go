package certs

import (
	"encoding/csv"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"docker-extension/cli/person"
	"docker-extension/internal/lists"
	"docker-extension/internal/pki"
	"docker-extension/internal/settings"
)

// result is the answer. The names of its fields stay.
type result struct {
	Folder    string        `json:"folder"`
	Wrote     []string      `json:"wrote"`
	Kept      string        `json:"kept,omitempty"` // folder with what was replaced
	Authority certificate   `json:"authority"`
	Server    certificate   `json:"server"`
	Client    *certificate  `json:"client,omitempty"`
	Notes     []string      `json:"notes"`
	Next      []instruction `json:"next"`
}

// certificate is what people want to know of one.
type certificate struct {
	Files []string  `json:"files"`
	Names []string  `json:"names,omitempty"`
	Ends  time.Time `json:"ends"`
}

// instruction is a command to run next.
type instruction struct {
	What    string `json:"what"`
	Command string `json:"command"`
}

// answer tells what there was before and is now, and what to do with it.
func (f *folder) answer(there, made pki.Files, s settings.Settings, o options) error {
	r := result{
		Folder: f.person.Path(f.out), Wrote: f.wrote, Kept: f.kept, Notes: append([]string{}, s.Notes...),
		Authority: describe(made, pki.CAFile, pki.CAKeyFile),
		Server:    describe(made, pki.ServerCertFile, pki.ServerKeyFile),
	}
	if _, there := made[pki.CertFile]; there {
		client := describe(made, pki.CertFile, pki.KeyFile)
		r.Client = &client
	} else {
		r.Notes = append(r.Notes, "there is no certificate for your docker client, and no "+pki.CAKeyFile+" to make one with")
	}
	if gone := lists.Without(serverNames(there), r.Server.Names); len(gone) > 0 {
		r.Notes = append(r.Notes, "the server's certificate no longer covers "+strings.Join(gone, ", ")+
			"; if it should, renew again with all names in --host and --ip")
	}
	r.Next = f.next(r, s, o)
	return f.person.Answer(r, func() { r.show(f.person, f.out) })
}

func describe(made pki.Files, names ...string) certificate {
	c := certificate{Files: slices.DeleteFunc(names, func(name string) bool { return made[name].Empty() })}
	// It was read before, when the set was made.
	if cert, err := pki.ReadCertificate(reveal(made, c.Files[0])); err == nil {
		c.Names, c.Ends = pki.NamesOf(cert).List(), cert.NotAfter.UTC()
	}
	return c
}

// serverNames gives what the server's certificate of a set covers; nothing if it has none that can be read.
func serverNames(set pki.Files) []string {
	cert, err := pki.ReadCertificate(reveal(set, pki.ServerCertFile))
	if err != nil {
		return nil
	}
	return pki.NamesOf(cert).List()
}

// Publisher and type of the extension, as the handler's name has them.
const (
	publisher = "Microsoft.Azure.Extensions"
	kind      = "DockerExtension"
)

// next gives the commands that are to be run next, in their order.
func (f *folder) next(r result, s settings.Settings, o options) []instruction {
	deploy := words("az", "vm", "extension", "set", "--resource-group", o.group, "--vm-name", o.vm,
		"--publisher", publisher, "--name", kind, "--version", majorMinor(f.person.Version),
		"--settings", filepath.Join(f.out, pki.PublicFile), "--protected-settings", filepath.Join(f.out, pki.ProtectedFile))
	all := []instruction{{"deploy the settings to the VM", deploy}}
	port := s.Docker.Port
	if r.Client == nil || len(r.Server.Names) == 0 || port == 0 {
		return all
	}
	teach, host := "teach your docker client where the VM is", reachable(r.Server.Names)
	name := contextName(o.vm, host)
	if host == "" {
		host = anyName
		teach += "; put its name, one that " + r.Server.Names[0] + " covers, in place of " + anyName
	}
	endpoint := fields("host=tcp://"+net.JoinHostPort(host, strconv.Itoa(port)),
		"ca="+f.path(pki.CAFile), "cert="+f.path(pki.CertFile), "key="+f.path(pki.KeyFile))
	verb := "create"
	if f.renew {
		verb = "update"
	}
	if !f.renew {
		all = slices.Insert(all, 0, instruction{"let port " + strconv.Itoa(port) + " through the VM's network security group",
			words("az", "vm", "open-port", "--resource-group", o.group, "--name", o.vm, "--port", strconv.Itoa(port), "--priority", "1010")})
	}
	return append(all,
		instruction{teach, words("docker", "context", verb, name, "--docker", endpoint)},
		instruction{"use it", words("docker", "--context", name, "version")})
}

// anyName stands for the VM in a command where nothing tells its name.
const anyName = "NAME-OF-THE-VM"

// reachable gives the first name that a client can connect to; "" if there are only wildcards, which stand
// for names.
func reachable(names []string) string {
	for _, name := range names {
		if !strings.Contains(name, "*") {
			return name
		}
	}
	return ""
}

// majorMinor gives what `az` wants to know of a version; a build without one is taken for the first.
func majorMinor(version string) string {
	if parts := strings.Split(version, "."); len(parts) >= 2 {
		return parts[0] + "." + parts[1]
	}
	return "1.0"
}

// contextName gives a name that `docker context` takes: that of the VM, or the first label of the host.
func contextName(vm, host string) string {
	name, _, _ := strings.Cut(host, ".")
	if net.ParseIP(host) != nil {
		name = host
	}
	if vm != "VM" {
		name = vm
	}
	name = strings.Trim(regexp.MustCompile(`[^a-zA-Z0-9_.+-]+`).ReplaceAllString(name, "-"), "-+._")
	if len(name) < 2 {
		return "docker-vm"
	}
	return name
}

// fields puts values into the one word that docker wants them in, as a record of comma separated values.
func fields(values ...string) string {
	var text strings.Builder
	w := csv.NewWriter(&text)
	_ = w.Write(values) // a strings.Builder takes everything
	w.Flush()
	return strings.TrimSpace(text.String())
}

// words joins words into a command line for a shell.
func words(all ...string) string {
	plain := regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)
	for i, word := range all {
		if !plain.MatchString(word) {
			all[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(all, " ")
}

func (r result) show(p *person.Person, out string) {
	p.Say("%s", p.Paint(person.Strong, "In "+out+":"))
	rows := []person.Row{
		row(r.Authority, "the authority; keep ca-key.pem here, and safe"),
		row(r.Server, "the engine on "+strings.Join(r.Server.Names, ", ")),
	}
	if r.Client != nil {
		rows = append(rows, row(*r.Client, "your docker client"))
	}
	rows = append(rows, person.Row{Cells: []string{pki.PublicFile + ", " + pki.ProtectedFile, "", "settings, ready to deploy"}})
	p.Table("  ", rows)
	if r.Kept != "" {
		p.Say("What was replaced is in %s.", filepath.Join(out, r.Kept))
	}
	for _, note := range r.Notes {
		p.Say("%s %s", p.Paint(person.Warn, "note:"), note)
	}
	p.Say("\n%s", p.Paint(person.Strong, "Next:"))
	for _, i := range r.Next {
		p.Say("  %s\n  %s", p.Paint(person.Dim, "# "+i.What), i.Command)
	}
}

func row(c certificate, what string) person.Row {
	return person.Row{Cells: []string{strings.Join(c.Files, ", "), fmt.Sprintf("until %s", c.Ends.Format("2006-01-02")), what}}
}
