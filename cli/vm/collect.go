package vm

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"docker-extension/enable"
	"docker-extension/handler"
	"docker-extension/internal/bundle"
	"docker-extension/internal/engine"
	"docker-extension/internal/fault"
	"docker-extension/internal/host"
	"docker-extension/internal/host/command"
	"docker-extension/internal/machine"
	"docker-extension/internal/oplog"
	"docker-extension/internal/registry"
	"docker-extension/internal/settings"
)

// search collects what belongs to a bug report. What cannot be had is an entry that says why.
type search struct {
	looker
	secrets *oplog.Redactor
	entries []bundle.Entry
}

// learnSecrets makes every secret known that is to be found on this VM, so that none gets into the archive
// by a way that nobody has thought of.
func (s *search) learnSecrets(ctx context.Context) {
	if key, err := s.Root.Read(engine.KeyFile); err == nil {
		s.secrets.Add(string(key.Content))
	}
	if file, err := s.Root.ReadFollowing(registry.File); err == nil {
		s.secrets.Add(accountSecrets(file.Content)...)
	}
	if ledger, err := host.LoadLedger(s.Root); err == nil {
		s.secrets.Add(base64.StdEncoding.EncodeToString(ledger.Key))
	}
	call, err := s.deployed()
	if err != nil {
		return
	}
	// Those of earlier settings are still in logs, perhaps.
	for _, sequence := range handler.Sequences(s.Root, call.Environment.ConfigFolder) {
		old := *call
		old.Sequence, old.ReadSettings = sequence, handler.SettingsOf(s.Root, call.Environment.ConfigFolder, sequence)
		if order, err := s.enable().Order(ctx, &old); err == nil {
			s.secrets.Add(enable.SecretsOf(order)...)
			// The password of a proxy stands in the public settings. Faults are no matter here.
			known, _ := settings.Parse(order.Public, order.Protected, settings.Options{Now: time.Now()})
			s.secrets.Add(known.Docker.Secrets()...)
		}
	}
}

// accountSecrets gives what is secret in docker's credentials: each as it is, and the password in it.
func accountSecrets(content []byte) []string {
	var config struct {
		Auths map[string]map[string]json.RawMessage `json:"auths"`
	}
	if json.Unmarshal(content, &config) != nil {
		return nil
	}
	var found []string
	for _, account := range config.Auths {
		for _, raw := range account {
			var text string
			if json.Unmarshal(raw, &text) != nil {
				continue
			}
			found = append(found, text)
			if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
				_, password, _ := strings.Cut(string(plain), ":")
				found = append(found, string(plain), password)
			}
		}
	}
	return found
}

// collect gives all entries.
func (s *search) collect(ctx context.Context) []bundle.Entry {
	s.add("version.txt", fmt.Sprintf("docker-extension %s\n", s.Version))
	s.answer("status", func(l looker) error { return l.status(ctx) })
	s.answer("plan", func(l looker) error { return l.plan(ctx, "", nil) })
	if call, err := s.deployed(); err == nil {
		s.agentFiles(call)
	}
	for _, name := range []string{
		"/etc/os-release", "/etc/docker/daemon.json", engine.SocketDropIn, host.RunFile, "/proc/cmdline", "/proc/meminfo", "/proc/mounts",
		"/var/log/apt/term.log", "/var/log/apt/history.log", "/var/log/waagent.log",
	} {
		s.file("files"+name, name)
	}
	s.ledger()
	s.programs(ctx)
	return s.entries
}

func (s *search) add(name, content string) {
	s.entries = append(s.entries, bundle.Entry{Name: name, Content: content})
}

// answer adds what one of our own commands says to strangers, as text and as JSON. What they are not to see is
// taken out before it becomes JSON, where nothing looks like itself.
func (s *search) answer(name string, ask func(looker) error) {
	for _, suffix := range []string{".txt", ".json"} {
		var text strings.Builder
		p := *s.Person
		p.Out, p.Err, p.Width, p.ErrWidth, p.JSON = &text, &text, 0, 0, suffix == ".json"
		l := looker{Person: &p, handler: s.handler, strangers: true}
		if err := ask(l); err != nil {
			p.Refuse(err)
		}
		s.add(name+suffix, text.String())
	}
}

// most is how much of a file's end is taken, in bytes.
const most = 1 << 20

// file adds a file's end, if there is one.
func (s *search) file(as, name string) {
	file, err := s.Root.ReadFollowing(name)
	switch {
	case err != nil:
		s.add(as, fault.Sentence(err, 0)+"\n")
	case file.Exists:
		s.add(as, string(file.Content[max(0, len(file.Content)-most):]))
	}
}

// agentFiles adds what the agent has put here for us, and what we have answered.
func (s *search) agentFiles(call *handler.Call) {
	env := call.Environment
	s.file("agent/HandlerEnvironment.json", path.Join(call.HandlerDir, "HandlerEnvironment.json"))
	s.file("agent/HandlerState", path.Join(env.ConfigFolder, "HandlerState"))
	if envelope, err := call.ReadSettings(); err == nil {
		s.add(fmt.Sprintf("agent/%d.public.json", call.Sequence), bundle.Public(envelope.Public))
	}
	for _, folder := range []string{env.StatusFolder, env.LogFolder} {
		entries, err := s.Root.List(folder)
		if err != nil || folder == "" {
			continue
		}
		for _, entry := range entries {
			if entry.Type().IsRegular() {
				s.file("agent/"+path.Base(folder)+"/"+entry.Name(), path.Join(folder, entry.Name()))
			}
		}
	}
}

// ledger adds what the extension owns, by name: the record itself has the contents of files that were
// there before.
func (s *search) ledger() {
	l, err := host.LoadLedger(s.Root)
	if err != nil {
		s.add("ledger.txt", fault.Sentence(err, 0)+"\n")
		return
	}
	s.add("ledger.txt", fmt.Sprintf("files: %s\nkeys of daemon.json: %s\npackages: %s\nheld: %s\nmembers: %v\nunits: %s\nprojects: %s\nregistries: %s\n",
		names(l.Files), names(l.Daemon), strings.Join(l.Debs, " "), strings.Join(l.Held, " "), l.Members, names(l.Units), names(l.Projects), names(l.Entries)))
}

func names[V any](m map[string]V) string { return strings.Join(slices.Sorted(maps.Keys(m)), " ") }

// askWithin bounds each program that is asked.
const askWithin = 15 * time.Second

// programs adds what programs of the VM say.
func (s *search) programs(ctx context.Context) {
	runner := machine.Runner(s.Root, oplog.New(io.Discard, s.secrets, false).WithFields(nil))
	units := []string{engine.Service, engine.Socket, "containerd.service", enable.WorkUnit}
	questions := map[string][]string{
		"programs/uname.txt":     {"uname", "-a"},
		"programs/df.txt":        {"df", "-h"},
		"programs/df-inodes.txt": {"df", "-i"},
		"programs/sockets.txt":   {"ss", "-ltnp"},
		"programs/packages.txt":  {"dpkg-query", "-W", "-f", "${Package} ${Version} ${Status}\n"},
		"programs/units.txt":     append([]string{"systemctl", "status", "--no-pager", "--full", "--lines=0"}, units...),
		"programs/failed.txt":    {"systemctl", "list-units", "--failed", "--no-pager"},
		"programs/dockerd.txt":   {"dockerd", "--version"},
	}
	for _, unit := range append(units, "walinuxagent.service") {
		questions["journal/"+unit+".txt"] = []string{"journalctl", "--no-pager", "--quiet", "--lines=500", "--unit", unit}
	}
	for _, name := range slices.Sorted(maps.Keys(questions)) {
		question := questions[name]
		result, err := runner.Run(ctx, command.Command{Name: question[0], Args: question[1:], Timeout: askWithin})
		text := "$ " + strings.Join(question, " ") + "\n" + result.Output
		if err != nil {
			text += err.Error() + "\n"
		}
		s.add(name, text)
	}
}
