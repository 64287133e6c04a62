package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
)

// row is one way in which a person, or the world, gets it wrong.
type row struct {
	name string
	// file gives the settings file.
	file func(l *lab) []byte
	// breakHost breaks something on the VM and gives what mends it; nil where the settings are the fault.
	breakHost func(l *lab) (mend func())
	// code is that of the status and the exit code.
	code int
	// says is what the sentence must hold: the place, the fact and the cure.
	says []string
	// again says that the row is tried on a running engine, too.
	again bool
}

// with gives the same lab for a subtest.
func (l *lab) with(t *testing.T) *lab {
	other := *l
	other.T = t
	return &other
}

// refuse gives the extension a faulty setting and checks everything about the refusal, in all the
// places where it shows. The host must be afterwards what it was before, to the time of change of
// every file. agentCode is what the agent makes of it.
func (l *lab) refuse(r row, agentCode int) {
	l.Helper()
	if r.breakHost != nil {
		defer r.breakHost(l)()
	}
	file, seq := r.file(l), l.agent.NextSeq()
	before, statuses := l.portrait(), l.statusFiles()
	if err := l.agent.EnableRaw(l.ctx(), l.pkg, file); err == nil {
		l.Error("the agent is content")
	}
	l.sameHost(before)
	l.oneStatusFile(statuses, seq)
	status, err := l.agent.StatusOf(l.handler(), seq)
	if err != nil {
		l.Fatal(err)
	}
	l.Log(show(status))
	l.checkSentence(r, status)
	l.checkCall(r, status)
	l.checkHandler(status, agentCode)
}

func (l *lab) handler() agent.Handler {
	h, _ := l.agent.Current()
	return h
}

// checkSentence looks at the status as a person reads it.
func (l *lab) checkSentence(r row, status agent.Status) {
	l.Helper()
	if status.State != agent.Error || status.Code != r.code {
		l.Errorf("status %s (%d), want error (%d)", status.State, status.Code, r.code)
	}
	for _, words := range r.says {
		if !strings.Contains(status.Message, words) {
			l.Errorf("the message does not say %q", words)
		}
	}
	if len(status.Message) > 1024 || strings.Contains(status.Message, "\n") {
		l.Errorf("the message has %d bytes, or several lines", len(status.Message))
	}
	if log := filepath.Join(agent.LogDir, agent.DefaultName, "docker-extension.log"); !strings.Contains(status.Message, log) {
		l.Errorf("the message does not name %s", log)
	}
}

// checkCall looks at the last command: exit code and output.
func (l *lab) checkCall(r row, status agent.Status) {
	l.Helper()
	calls := l.agent.Calls()
	call := calls[len(calls)-1]
	if call.ExitCode != r.code {
		l.Errorf("%s exits with %d, want %d", call.Verb, call.ExitCode, r.code)
	}
	if got := strings.TrimSpace(string(call.Stderr)); got != status.Message || len(call.Stdout) > 0 {
		l.Errorf("it prints %q and, to the standard output, %q", got, call.Stdout)
	}
	for name, secret := range l.secrets {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) >= 8 && !strings.HasPrefix(line, "-----") && strings.Contains(status.Message, line) {
				l.Errorf("the message holds the %s", name)
			}
		}
	}
}

// checkHandler looks at what the agent reports of the handler: not ready, and why.
func (l *lab) checkHandler(status agent.Status, code int) {
	l.Helper()
	handler, err := l.agent.HandlerStatus()
	if err != nil {
		l.Fatal(err)
	}
	if handler.Status != "NotReady" || handler.Code != code || !strings.Contains(handler.Message, status.Message) {
		l.Errorf("the agent reports %s (%d): %s", handler.Status, handler.Code, handler.Message)
	}
}

// statusFiles gives the content of every status file by its name.
func (l *lab) statusFiles() map[string]string {
	l.Helper()
	found := map[string]string{}
	names, err := filepath.Glob(l.vm.Path(agent.LibDir) + "/" + agent.DefaultName + "-*/status/*")
	if err != nil {
		l.Fatal(err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			l.Fatal(err)
		}
		found[filepath.Base(name)] = string(content)
	}
	return found
}

// oneStatusFile checks that of the status files only that of seq is another one now.
func (l *lab) oneStatusFile(before map[string]string, seq int) {
	l.Helper()
	want := strconv.Itoa(seq) + ".status"
	if got := changed(before, l.statusFiles()); len(got) != 1 || got[0] != want {
		l.Errorf("the status files %q changed, want %s", got, want)
	}
}

// changed gives the keys whose values differ or which only one of the two has.
func changed(before, after map[string]string) []string {
	keys := differences(before, after)
	for i := range keys {
		keys[i] = keys[i][2:] // without the mark
	}
	return keys
}

// scan looks for every secret that was ever sent, where none may be.
func (l *lab) scan(allowed ...string) {
	l.Helper()
	leaks, err := agent.SecretScan(l.ctx(), machine.VM{VM: l.vm}, l.secrets, allowed...)
	if err != nil {
		l.Error(err)
	}
	for _, leak := range leaks {
		l.Errorf("a secret is where it should not be: %s", leak)
	}
}

// portrait is a VM at one moment, as far as a run that changes nothing must leave it alone.
type portrait struct {
	// files are mode, owner, size and both times (of the content and of the inode) of everything on
	// the disk by its path, so that even a file written again with the same content shows.
	files map[string]string
	// life is the rest: transient units and their journal, the engine's process, the container's.
	life string
}

// own are the folders where the agent, the extension's log and systemd itself write at any time. The
// engine's data is another file system, of which life tells what counts.
func own() []string {
	return []string{"/var/lib/waagent", "/var/log", "/run", "/tmp", "/var/tmp", "/proc", "/sys", "/dev", "/var/lib/systemd"}
}

const filesScript = `find / -xdev \( -path PATHS \) -prune -o -printf '%p\t%M %U:%G %s %T@ %C@\n'`

const lifeScript = `journalctl --sync
echo "journal of the work unit: $(journalctl -q -o cat -u docker-extension-converge.service | wc -l) lines"
systemctl list-units --all --plain --no-legend 'docker-extension*'
ls /run/docker-extension/*.json /usr/bin/dockerd /usr/sbin/dockerd 2>/dev/null
systemctl show --property=MainPID,ActiveEnterTimestampMonotonic,NRestarts docker.service
if command -v docker >/dev/null; then docker inspect -f 'witness {{.State.Pid}} {{.State.StartedAt}}' witness 2>&1; fi
true`

// portrait takes one, when the work unit has kept its records, which it does after it has said that it is done.
func (l *lab) portrait() portrait {
	l.Helper()
	l.workEnds()
	p := portrait{files: map[string]string{}}
	list := l.sh(strings.ReplaceAll(filesScript, "PATHS", strings.Join(own(), " -o -path ")))
	for line := range strings.Lines(list) {
		path, rest, _ := strings.Cut(strings.TrimSpace(line), "\t")
		p.files[path] = rest
	}
	p.life = l.sh(lifeScript)
	return p
}

// sameHost compares the VM with an earlier portrait.
func (l *lab) sameHost(before portrait) {
	l.Helper()
	after := l.portrait()
	if len(before.files) < 1000 {
		l.Errorf("only %d files were seen", len(before.files))
	}
	for _, path := range changed(before.files, after.files) {
		l.Errorf("%s was %q and is %q", path, before.files[path], after.files[path])
	}
	if before.life != after.life {
		l.Errorf("what ran was\n%s\nand is\n%s", before.life, after.life)
	}
}

// content gives the digest of every file on the disk, the folders of own apart, like portrait after the work unit.
func (l *lab) content() map[string]string {
	l.Helper()
	l.workEnds()
	tree, err := l.vm.Tree(l.ctx(), "/")
	if err != nil {
		l.Fatal(err)
	}
	for path := range tree {
		for _, folder := range own() {
			if path == folder || strings.HasPrefix(path, folder+"/") {
				delete(tree, path)
			}
		}
	}
	return tree
}
