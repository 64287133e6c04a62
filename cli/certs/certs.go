// Package certs is the command that makes the certificates of a remote API, and the settings with which
// it is deployed.
package certs

import (
	"time"

	"github.com/spf13/cobra"

	"docker-extension/cli/person"
	"docker-extension/internal/fault"
	"docker-extension/internal/pki"
	"docker-extension/internal/settings"
)

// options is the command line.
type options struct {
	hosts, addresses []string
	out, from        string
	renew            bool
	port             int
	days, caDays     int
	group, vm        string
}

// Command gives the command.
func Command(p *person.Person) *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "certs --host NAME [--ip ADDRESS] --out DIR",
		Short: "Make certificates and settings that are ready to deploy",
		Long: `Make an authority, a certificate for the engine on the VM and one for your docker client, and write them into a
folder together with public.json and protected.json, ready to deploy. The exact next commands are printed.

Nothing that is there is overwritten. Private keys, and protected.json, which has one in it, are readable by you
alone. ca-key.pem never leaves this machine; whoever has it can make a certificate that is root on the VM.

--renew makes new certificates for server and client from the authority that is in the folder, so that clients go on
trusting the server. What they replace is kept in a folder beside them. The server's names stay, unless --host or --ip
name others: then it has those alone, and the names that it lost are told. Settings stay as you have edited them, but for the certificates.

--from takes what is in another folder, such as ~/.docker: ca.pem, ca-key.pem, server-cert.pem, server-key.pem,
cert.pem, key.pem, as far as they are there, and makes what is missing if it can.`,
		Example: `  docker-extension certs --host myvm.westeurope.cloudapp.azure.com --ip 10.0.0.4 --out myvm
  docker-extension certs --renew --out myvm
  docker-extension certs --from ~/.docker --out myvm`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return run(p, o) },
	}
	flags := c.Flags()
	flags.StringArrayVar(&o.hosts, "host", nil, "`NAME` by which clients reach the VM; may be given more than once")
	flags.StringArrayVar(&o.addresses, "ip", nil, "`ADDRESS` by which clients reach the VM; may be given more than once")
	flags.StringVar(&o.out, "out", "", "`DIR` to write to; made if it is not there")
	flags.StringVar(&o.from, "from", "", "`DIR` with certificates that are there already")
	flags.BoolVar(&o.renew, "renew", false, "make new certificates for server and client, and keep the authority")
	flags.IntVar(&o.port, "port", 2376, "TCP `PORT` of the remote API, for public.json")
	flags.IntVar(&o.days, "days", 365, "how many `DAYS` the certificates of server and client are good")
	flags.IntVar(&o.caDays, "ca-days", 3650, "how many `DAYS` the authority is good")
	flags.StringVar(&o.group, "resource-group", "RESOURCE-GROUP", "`NAME` of the resource group, for the commands that are printed")
	flags.StringVar(&o.vm, "vm-name", "VM", "`NAME` of the VM, for the commands that are printed")
	_ = c.MarkFlagDirname("out")
	_ = c.MarkFlagDirname("from")
	return c
}

// day is how lifetimes are counted.
const day = 24 * time.Hour

// longest is the longest life of a certificate, in days: far more than sense makes, far less than X.509
// can write.
const longest = 36500

func run(p *person.Person, o options) error {
	request, err := o.request(p.Now())
	if err != nil {
		return err
	}
	f := folder{person: p, out: o.out, from: o.from, renew: o.renew}
	if f.from == "" {
		f.from = f.out
	}
	there, err := f.read()
	if err != nil {
		return err
	}
	if !o.renew && o.from == "" && len(there) > 0 {
		return f.occupied(there)
	}
	made, err := pki.Complete(there, request)
	if err != nil {
		return err
	}
	s, err := settings.Parse(reveal(made, pki.PublicFile), reveal(made, pki.ProtectedFile), settings.Options{Now: p.Now()})
	if err != nil {
		return err
	}
	if err := f.write(made); err != nil {
		return err
	}
	return f.answer(there, made, s, o)
}

func reveal(files pki.Files, name string) []byte { return []byte(files[name].Reveal()) }

// request makes sense of the flags.
func (o options) request(now time.Time) (pki.Request, error) {
	names, err := pki.ReadNames(o.hosts, o.addresses)
	if err != nil {
		return pki.Request{}, err
	}
	var faults fault.List
	refuse := func(flag, hint, message string) {
		faults = append(faults, fault.New(fault.Usage, flag, hint, "%s", message))
	}
	if o.out == "" {
		refuse("--out", "name a folder, like --out myvm", "is missing")
	}
	if o.port < 1 || o.port > 65535 {
		refuse("--port", "use a number from 1 to 65535; 2376 is the usual one", "is not a port")
	}
	if o.days < 1 || o.days > longest {
		refuse("--days", "use a number of days from 1 to 36500", "is not a lifetime")
	}
	if o.caDays < 1 || o.caDays > longest {
		refuse("--ca-days", "use a number of days from 1 to 36500", "is not a lifetime")
	}
	return pki.Request{
		Names: names, Port: o.port, Now: now, Renew: o.renew,
		CALife: time.Duration(o.caDays) * day, Life: time.Duration(o.days) * day,
	}, faults.AsError()
}
