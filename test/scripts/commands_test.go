package scripts

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/pki"
	"docker-extension/test/scripts/fake"
)

// commands are the words of the scripts. ROOT is the VM's folder, PORT and OTHERPORT are free TCP
// ports, VERSION is the version of the extension that is meant, 1.0.0 if it is not set.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*script){
		"agent": (*script).agent, "settings": (*script).settings, "certificates": (*script).certificates,
		"unpack": (*script).unpack, "state": (*script).state, "settled": (*script).settled, "status": (*script).status,
		"asked": (*script).asked, "engine": (*script).engine, "modes": (*script).modes, "tree": (*script).tree,
		"fail": (*script).fail, "hold": (*script).hold, "held": (*script).held, "heal": (*script).heal, "crash": (*script).crash,
		"forget-certificate": (*script).forgetCertificate,
	}
	cmds := map[string]func(*testscript.TestScript, bool, []string){}
	for name, do := range all {
		cmds[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if neg {
				ts.Fatalf("! %s is not supported", name)
			}
			ts.Stdout() // empty it, also for a command that prints nothing
			do(&script{ts, ts.Value(key{}).(*vm), args})
		}
	}
	return cmds
}

// script is one line of a script.
type script struct {
	*testscript.TestScript
	vm   *vm
	args []string
}

// take gives the next argument, or the fallback if there is none left.
func (s *script) take(fallback ...string) string {
	if len(s.args) == 0 {
		if len(fallback) == 0 {
			s.Fatalf("an argument is missing")
		}
		return fallback[0]
	}
	first := s.args[0]
	s.args = s.args[1:]
	return first
}

func (s *script) version() string {
	if v := s.Getenv("VERSION"); v != "" {
		return v
	}
	return "1.0.0"
}

// agent runs a command of the extension: agent [-exit N] VERB SEQUENCE [NAME=VALUE...]
func (s *script) agent() {
	flags := flag.NewFlagSet("agent", flag.ContinueOnError)
	want := flags.Int("exit", 0, "")
	s.Check(flags.Parse(s.args))
	s.args = flags.Args()
	verb, sequence := s.take(), s.take()
	code, err := s.vm.call(s.version(), verb, sequence, s.Stdout(), s.Stderr(), s.args...)
	s.Check(err)
	if code != *want {
		s.Logf("%s", s.vm.host.Journal())
		s.Fatalf("%s ended with exit code %d, want %d", verb, code, *want)
	}
}

// settings writes a settings file: settings SEQUENCE [PUBLIC [PROTECTED]], the latter two files;
// variables in them are replaced.
func (s *script) settings() {
	sequence := s.take()
	var sections [2][]byte
	for i := range sections {
		if name := s.take(""); name != "" {
			sections[i] = []byte(os.Expand(s.ReadFile(name), s.Getenv))
		}
	}
	s.Check(s.vm.settings(s.version(), sequence, sections[0], sections[1]))
}

var authority = sync.OnceValues(newAuthority)

func newAuthority() (*pki.Set, error) {
	return pki.NewSet([]net.IP{net.IPv4(127, 0, 0, 1)}, "vm.example")
}

// certificates writes protected settings with certificates: certificates FILE [KIND], where KIND is
// "renewed" or one of pki's faults.
func (s *script) certificates() {
	name := s.MkAbs(s.take())
	content, err := protectedSettings(s.take(""))
	s.Check(err)
	s.Check(os.WriteFile(name, content, 0o600))
}

func protectedSettings(kind string) ([]byte, error) {
	set, err := authority()
	if kind == "renewed" {
		set, err = newAuthority()
	}
	if err != nil {
		return nil, err
	}
	triple := set.Triple()
	if kind != "" && kind != "renewed" {
		if triple, err = set.Broken(context.Background(), pki.Fault(kind)); err != nil {
			return nil, err
		}
	}
	certs := map[string]string{"ca": triple.CA, "cert": triple.Cert, "key": triple.Key}
	maps.DeleteFunc(certs, func(_, text string) bool { return text == "" })
	return json.Marshal(map[string]any{"certs": certs})
}

// forgetCertificate removes the certificate that the protected settings are encrypted for.
func (s *script) forgetCertificate() {
	s.Check(os.Remove(filepath.Join(s.vm.root, "/var/lib/waagent", s.vm.tenant.Thumbprint+".crt")))
	s.Check(os.Remove(filepath.Join(s.vm.root, "/var/lib/waagent", s.vm.tenant.Thumbprint+".prv")))
}

// unpack lays another version of the extension: unpack VERSION
func (s *script) unpack() { s.Check(s.vm.unpack(s.take())) }

// state writes what the agent thinks of a version: state VERSION Enabled
func (s *script) state() {
	s.Check(s.vm.write(handlerDir(s.take())+"/config/HandlerState", []byte(s.take())))
}

// patience bounds a wait of a script; only a fault makes one that long.
func patience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), 5*time.Minute)
}

// settled waits until the work in the background has ended.
func (s *script) settled() {
	ctx, cancel := patience()
	defer cancel()
	err := s.vm.host.Settled(ctx)
	journal := s.vm.host.Journal()
	s.Logf("%s", journal)
	s.Check(err)
	if strings.Contains(journal, "DATA RACE") {
		s.Fatalf("the program has a data race")
	}
}

// status prints the status of a sequence number as the agent reads it: status SEQUENCE
func (s *script) status() {
	content := s.ReadFile(filepath.Join(s.vm.root, handlerDir(s.version()), "status", s.take()+".status"))
	status := agent.ParseStatus([]byte(content))
	if status.Fatal || status.Placeholder {
		s.Fatalf("the agent does not take this status:\n%s", content)
	}
	s.Check(printStatus(s.Stdout(), status))
}

func printStatus(out io.Writer, status agent.Status) error {
	text := fmt.Sprintf("%s %d: %s\n", status.State, status.Code, status.Message)
	for _, sub := range status.Substatus {
		text += fmt.Sprintf("%s: %s %d: %s\n", sub.Name, sub.State, sub.Code, sub.Message)
	}
	// How long a step took is another number in each run.
	text = regexp.MustCompile(`(in|after) [0-9.]+(ms|s)\b`).ReplaceAllString(text, "$1 TIME")
	_, err := io.WriteString(out, text)
	return err
}

// asked prints what programs and systemd were asked since the last time: asked [-full]. Without
// -full the options of apt-get are left out.
func (s *script) asked() {
	full := s.take("") == "-full"
	for _, line := range s.vm.host.Record.Take() {
		if !full {
			line = withoutOptions(line)
		}
		fmt.Fprintln(s.Stdout(), regexp.MustCompile(`Lock::Timeout=\d+`).ReplaceAllString(line, "Lock::Timeout=SECONDS"))
	}
}

func withoutOptions(line string) string {
	words := strings.Fields(line)
	for i := 1; i < len(words) && words[0] == "apt-get"; {
		switch {
		case words[i] == "-o":
			words = slices.Delete(words, i, i+2)
		case strings.HasPrefix(words[i], "-") && words[i] != "--simulate":
			words = slices.Delete(words, i, i+1)
		default:
			i++
		}
	}
	return strings.Join(words, " ")
}

// engine prints what the engine is doing.
func (s *script) engine() { fmt.Fprint(s.Stdout(), s.vm.host.Engine()) }

// modes prints modes and names of the files in folders of the VM, without their subfolders.
func (s *script) modes() {
	for _, folder := range s.args {
		entries, err := os.ReadDir(filepath.Join(s.vm.root, folder))
		s.Check(err)
		for _, entry := range entries {
			info, err := entry.Info()
			s.Check(err)
			fmt.Fprintln(s.Stdout(), info.Mode(), filepath.Join(folder, entry.Name()))
		}
	}
}

// tree keeps in mind what is on the VM (tree keep), or fails unless it is still so (tree same).
func (s *script) tree() {
	switch verb := s.take(); verb {
	case "keep":
		var err error
		s.vm.kept, err = s.vm.tree()
		s.Check(err)
	case "same":
		s.Check(s.vm.same())
	default:
		s.Fatalf("tree %s?", verb)
	}
}

// fail makes a program fail from now on: fail PROGRAM WORD EXIT FILE, the file with what it prints.
func (s *script) fail() {
	program, word := s.take(), s.take()
	code, err := strconv.Atoi(s.take())
	s.Check(err)
	s.vm.host.Fail(program, word, fake.Failure{Output: s.ReadFile(s.take()), Exit: code})
}

// hold makes a program wait from now on: hold PROGRAM WORD
func (s *script) hold() { s.vm.host.Hold(s.take(), s.take()) }

// held waits until the program is there: held PROGRAM WORD
func (s *script) held() {
	ctx, cancel := patience()
	defer cancel()
	s.Check(s.vm.host.Held(ctx, s.take(), s.take()))
}

// heal makes all programs work again, also those that wait.
func (s *script) heal() { s.vm.host.Heal() }

// crash kills the program when it asks systemd for something: crash [-stays] METHOD UNIT. With
// -stays systemd does not start it again.
func (s *script) crash() {
	flags := flag.NewFlagSet("crash", flag.ContinueOnError)
	stays := flags.Bool("stays", false, "")
	s.Check(flags.Parse(s.args))
	s.vm.host.Set(fake.Trap{Call: strings.Join(flags.Args(), " "), Stays: *stays})
}
