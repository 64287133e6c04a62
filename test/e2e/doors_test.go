package e2e

import (
	"crypto/tls"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
)

// Who gets in where, on one VM with everything that the extension writes.
func TestDoors(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.secrets["in the environment"] = "Geheim.in.der.Umgebung"
		watch, err := agent.StartWatch(l.secrets)
		if err != nil {
			l.Fatal(err)
		}
		before := l.sh(modesScript)
		unit := l.watchUnit()
		l.succeed(l.good(journeySettings))
		l.wantFences(unit())
		l.stage("modes", func() { l.wantModes(before) })
		l.stage("TLS", l.wantModernTLS)
		l.stage("umask", l.underAStrictUmask)
		for _, leak := range watch.Stop() {
			l.Errorf("leaked: %s", leak)
		}
		l.scan("/etc/docker/key.pem")
	})
}

// watchUnit looks at the work unit while it runs; the function that it gives ends that, and gives what
// was seen.
func (l *lab) watchUnit() func() string {
	l.Helper()
	const seen = "/root/unit"
	l.sh(`systemd-run -q --unit=witness sh -c 'until systemctl is-active -q docker-extension-converge; do :; done
		pid=$(systemctl show -P MainPID docker-extension-converge)
		{ grep -E "^(CapBnd|Seccomp|Umask):" /proc/$pid/status; grep "core file" /proc/$pid/limits
		systemctl show -p PrivateTmp,RestrictRealtime,ProtectKernelLogs,ProtectHostname docker-extension-converge
		systemd-analyze security --no-pager docker-extension-converge.service | tail -n1; } >` + seen + `'`)
	return func() string {
		return l.sh("timeout 600 sh -c 'while systemctl is-active -q witness; do sleep 0.1; done'; cat " + seen)
	}
}

// wantFences holds what systemd made of the unit against what was asked for.
func (l *lab) wantFences(seen string) {
	l.Helper()
	l.Logf("the work unit:\n%s", seen)
	for _, want := range []string{
		`(?m)^Seccomp:\s+2$`, `(?m)^Umask:\s+0022$`, `Max core file size\s+0\s+0`, `(?m)^PrivateTmp=yes$`,
		`(?m)^RestrictRealtime=yes$`, `(?m)^ProtectKernelLogs=yes$`, `(?m)^ProtectHostname=yes$`,
	} {
		if !regexp.MustCompile(want).MatchString(seen) {
			l.Errorf("the work unit has not %s", want)
		}
	}
	var bounding uint64
	if _, err := fmt.Sscanf(seen[strings.Index(seen, "CapBnd:"):], "CapBnd: %x", &bounding); err != nil || bounding&(1<<16|1<<22|1<<25) != 0 {
		l.Errorf("the work unit may load modules, reboot, or change the clock: %x, %v", bounding, err)
	}
}

// modesScript lists mode, owner and path of everything in the folders that the extension writes to.
const modesScript = `for f in /etc/docker /etc/systemd/system/docker.socket.d /var/lib/docker-extension /run/docker-extension /root/.docker ` +
	agent.LogDir + "/" + agent.DefaultName + ` /var/lib/waagent/*/status; do
	[ ! -e "$f" ] || find "$f" -printf '%m %U:%G %p\n'; done`

// wantModes compares modes and owners of all that is new with the table in docs/threat-model.md.
func (l *lab) wantModes(before string) {
	l.Helper()
	// A run writes its record after its status.
	l.sh("timeout 600 sh -c 'while systemctl is-active -q docker-extension-converge; do sleep 0.1; done'")
	table := modesTable(l.T)
	seen := map[string]bool{}
	for line := range strings.Lines(l.sh(modesScript)) {
		line = strings.TrimSpace(line)
		words := strings.SplitN(line, " ", 3)
		if strings.Contains(before, line) || strings.Contains(line, "CommandExecution.log") || strings.HasSuffix(line, "/events") {
			continue
		}
		i := slices.IndexFunc(table, func(r modeRow) bool { return r.path.MatchString(words[2]) })
		switch {
		case i < 0:
			l.Errorf("%s is not in the table", line)
		case words[0] != table[i].mode || words[1] != "0:0":
			l.Errorf("%s, but the table says %s of root", line, table[i].mode)
		default:
			seen[table[i].path.String()] = true
		}
	}
	if len(seen) < 12 {
		l.Errorf("only %d rows of the table were seen: %v", len(seen), seen)
	}
}

// modeRow is a row of the table of files.
type modeRow struct {
	path *regexp.Regexp
	mode string
}

func modesTable(t *testing.T) []modeRow {
	t.Helper()
	page, err := os.ReadFile("../../docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []modeRow
	for _, match := range regexp.MustCompile("(?m)^\\| ((?:`[^`]+`,? ?)+)\\| 0([0-7]+) \\|").FindAllStringSubmatch(string(page), -1) {
		for _, path := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(match[1], -1) {
			pattern := strings.ReplaceAll(regexp.QuoteMeta(path[1]), `\*`, "[^/]*")
			rows = append(rows, modeRow{regexp.MustCompile("^" + pattern + "$"), match[2]})
		}
	}
	if len(rows) < 15 {
		t.Fatalf("the table has %d rows", len(rows))
	}
	return rows
}

// wantModernTLS: a client that knows TLS 1.1 at most is refused.
func (l *lab) wantModernTLS() {
	conn, err := tls.Dial("tcp", l.address(2376), &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, InsecureSkipVerify: true})
	if err == nil {
		conn.Close()
		l.Error("a client with TLS 1.1 was let in")
	} else if !strings.Contains(err.Error(), "protocol version") {
		l.Errorf("TLS 1.1 was refused for another reason: %v", err)
	}
	l.wantVersion(l.keys, 2376)
}

// underAStrictUmask: files that others must read can be read by them, whatever the umask of the agent.
func (l *lab) underAStrictUmask() {
	l.sh("rm -r /etc/docker /etc/systemd/system/docker.socket.d")
	dir := "/var/lib/waagent/" + agent.DefaultName + "-" + l.pkg.Version
	l.sh(fmt.Sprintf("cd %s && umask 077 && ConfigSequenceNumber=%d AZURE_GUEST_AGENT_EXTENSION_PATH=%s AZURE_GUEST_AGENT_EXTENSION_VERSION=%s bin/docker-extension enable",
		dir, l.agent.NextSeq()-1, dir, l.pkg.Version))
	if s := l.wait(); s.State != agent.Success {
		l.Fatalf("status %s", show(s))
	}
	l.wantModes("")
}
