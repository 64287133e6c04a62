package realagent

import (
	"bytes"
	"fmt"
	"strings"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
)

const opensFile = "/var/tmp/agent-opens"

// watchStatusFile records how the agent's main thread opens a status file. The agent looks for one
// that is missing five times, with pauses of 2 s, and nothing else on the VM is handled meanwhile.
func (l *lab) watchStatusFile(version string, seq int) {
	l.Helper()
	file := fmt.Sprintf("%s/%s-%s/status/%d.status", agent.LibDir, extension, version, seq)
	l.sh("systemd-run --quiet --unit=watch-agent strace -qq -e trace=openat -P " + file + " -o " + opensFile +
		" -p $(pgrep -of '[r]un-exthandlers')")
	l.until("strace", func() bool {
		return l.sh("grep -s TracerPid: /proc/$(pgrep -of '[r]un-exthandlers')/status") != "TracerPid:\t0"
	})
}

// wantClean wants that no secret of ours is anywhere but where it belongs, and that the agent never
// waited for a status.
func (l *lab) wantClean() {
	l.wantNoStall()
	leaks, err := agent.SecretScan(l.ctx(), machine.VM{VM: l.vm}, l.secrets, "/etc/docker/key.pem")
	if err != nil {
		l.Error(err)
	}
	for _, leak := range leaks {
		l.Errorf("a secret is where it should not be: %s", leak)
	}
	telemetry := l.fabric.Seen().Telemetry
	if !bytes.Contains(telemetry, []byte(extension)) {
		l.Error("the agent has sent no event about us")
	}
	for name, secret := range l.secrets {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) < 16 || strings.HasPrefix(line, "-----") {
				continue
			}
			if bytes.Contains(telemetry, []byte(line)) {
				l.Errorf("the %s is in the agent's events", name)
			}
			for _, upload := range l.fabric.Uploads() {
				if bytes.Contains(upload.Blob, []byte(line)) {
					l.Fatalf("the %s is in an uploaded status", name)
				}
			}
		}
	}
}

func (l *lab) wantNoStall() {
	l.Helper()
	opens := l.sh("cat " + opensFile)
	if !strings.Contains(opens, "O_RDONLY") {
		l.Errorf("the agent was not seen to open our status file: %q", opens)
	}
	if strings.Contains(opens, "ENOENT") {
		l.Errorf("the agent looked for a status file that was not there:\n%s", opens)
	}
	for _, upload := range l.fabric.Uploads() {
		if h, ok := upload.Handler(extension); ok && h.Extension != nil && h.Extension.Placeholder {
			l.Errorf("upload %d: the agent had to speak for us: %s", upload.Number, h.Extension.Message)
		}
	}
}
