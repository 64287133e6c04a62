package realagent

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"docker-extension/test/harness/agent"
)

// A new user, in an empty folder: six commands until their own docker client drives the VM. The fabric
// stands in for az; everything else is what it will be. Afterwards they look at the VM.
func TestNewUser(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.Run("script", func(t *testing.T) {
			p := &person{lab: l}
			testscript.Run(t, testscript.Params{
				Files: []string{"testdata/new-user.txt"},
				Setup: func(env *testscript.Env) error {
					env.Setenv("IP", l.vm.Address())
					env.Setenv("DOCKER_CONFIG", filepath.Join(env.WorkDir, ".docker"))
					env.Setenv("ON_VM", "/var/lib/docker-extension/bin/docker-extension")
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"docker-extension": p.program, "az": p.az, "docker": p.docker, "as-printed": p.asPrinted,
					"typed": p.wantTyped, "vm": p.onVM, "network": p.network, "search": p.search,
				},
			})
		})
	})
}

// person is who types the script's commands.
type person struct {
	*lab
	typed   int    // commands typed so far
	printed string // what certs has printed
	client  string // the docker program
}

// program runs the extension's program on the workstation.
func (p *person) program(ts *testscript.TestScript, neg bool, args []string) {
	p.typed++
	zip, err := filepath.Abs(os.Getenv("DOCKER_EXTENSION_PACKAGE"))
	ts.Check(err)
	p.exec(ts, neg, filepath.Join(filepath.Dir(zip), "docker-extension-"+runtime.GOARCH), args)
	p.printed = ts.ReadFile("stdout")
}

func (p *person) exec(ts *testscript.TestScript, neg bool, program string, args []string) {
	if err := ts.Exec(program, args...); (err != nil) != neg {
		ts.Fatalf("%s: %v", filepath.Base(program), err)
	}
}

// asPrinted types the command that certs has printed and that begins with these words.
func (p *person) asPrinted(ts *testscript.TestScript, neg bool, args []string) {
	begin := strings.Join(args, " ")
	for line := range strings.Lines(p.printed) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, begin) {
			continue
		}
		words := strings.Fields(line)
		ts.Logf("%s", line)
		switch words[0] {
		case "az":
			p.az(ts, neg, words[1:])
		case "docker":
			p.docker(ts, neg, words[1:])
		}
		return
	}
	ts.Fatalf("certs has not printed a command %q", begin)
}

// wantTyped wants that so many commands have been typed until now.
func (p *person) wantTyped(ts *testscript.TestScript, _ bool, args []string) {
	if got := fmt.Sprint(p.typed); got != args[0] {
		ts.Fatalf("%s commands have been typed, not %s", got, args[0])
	}
}

// docker runs the docker client.
func (p *person) docker(ts *testscript.TestScript, neg bool, args []string) {
	p.typed++
	if p.client == "" {
		var err error
		p.client, err = p.dockerClient(ts.MkAbs("."))
		ts.Check(err)
	}
	p.exec(ts, neg, p.client, args)
}

// az does what Azure does with the two commands: the rule of a network that is not there, and the
// extension.
func (p *person) az(ts *testscript.TestScript, _ bool, args []string) {
	p.typed++
	switch strings.Join(args[:min(len(args), 3)], " ") {
	case "vm extension set":
		p.deploy(ts, args[3:])
	default:
		if strings.Join(args[:min(len(args), 2)], " ") != "vm open-port" {
			ts.Fatalf("az %s?", strings.Join(args, " "))
		}
	}
}

// deploy sends settings, and waits until the agent has reported.
func (p *person) deploy(ts *testscript.TestScript, args []string) {
	flags := flag.NewFlagSet("az", flag.ContinueOnError)
	value := map[string]*string{}
	for _, name := range []string{"resource-group", "vm-name", "publisher", "name", "version", "settings", "protected-settings"} {
		value[name] = flags.String(name, "", "")
	}
	ts.Check(flags.Parse(args))
	if name := *value["publisher"] + "." + *value["name"]; name != extension {
		ts.Fatalf("there is no extension %s", name)
	}
	if !strings.HasPrefix(p.pkg.Version, *value["version"]+".") {
		ts.Fatalf("there is no version %s", *value["version"])
	}
	s := agent.Settings{
		Public:    json.RawMessage(ts.ReadFile(*value["settings"])),
		Protected: json.RawMessage(ts.ReadFile(*value["protected-settings"])),
	}
	p.remember(ts, s.Protected)
	file, err := s.Seal(p.ctx(), p.fabric.Tenant())
	ts.Check(err)
	first := p.goal.Seq < 0
	p.goal.Settings, p.goal.Seq = &file, p.goal.Seq+1
	p.set()
	if first {
		ts.Check(p.agent.Start(p.ctx()))
	}
	r := p.await("the end", p.ended)
	fmt.Fprintln(ts.Stdout(), show(r))
	if r.Extension.State != agent.Success {
		ts.Fatalf("az: the deployment has failed: %s", show(r))
	}
}

// remember keeps all secrets, for the searches.
func (p *person) remember(ts *testscript.TestScript, protected []byte) {
	var all struct {
		Certs       struct{ Key string }
		Environment map[string]string
	}
	ts.Check(json.Unmarshal(protected, &all))
	p.secrets["server key"] = all.Certs.Key
	for name, text := range all.Environment {
		p.secrets["variable "+name] = text
	}
}

// onVM runs a command on the VM, as root.
func (p *person) onVM(ts *testscript.TestScript, neg bool, args []string) {
	out, err := p.vm.Sh(p.ctx(), strings.Join(args, " "))
	fmt.Fprint(ts.Stdout(), out)
	if (err != nil) != neg {
		ts.Fatalf("vm: %v\n%s", err, out)
	}
}

// network cuts the VM off (network off), connects it again (network on).
func (p *person) network(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(p.vm.Offline(p.ctx(), args[0] == "off"))
}

// search looks for every secret in a folder of files: ! search wants none, search the server's key.
func (p *person) search(ts *testscript.TestScript, neg bool, args []string) {
	if len(p.secrets) < 2 {
		ts.Fatalf("only %d secrets have been sent", len(p.secrets))
	}
	for name, secret := range p.secrets {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "-----") {
				continue
			}
			out, err := p.vm.Sh(p.ctx(), fmt.Sprintf("find %s -type f | wc -l; grep -rlF -- '%s' %s || true", args[0], line, args[0]))
			ts.Check(err)
			count, where, _ := strings.Cut(strings.TrimSpace(out), "\n")
			if count == "0" {
				ts.Fatalf("nothing to search in %s", args[0])
			}
			if neg && where != "" || !neg && where == "" && name == "server key" {
				ts.Fatalf("the %s: found in %q", name, where)
			}
		}
	}
}
