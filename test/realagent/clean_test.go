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

// wantNoStall wants that the agent never had to wait for a status.
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

// wantEvents wants that the agent has taken our events and sent them on.
func (l *lab) wantEvents() {
	l.until("an event of ours", func() bool { return bytes.Contains(l.fabric.Seen().Telemetry, []byte("nothing had to be changed")) })
}

// wantNoSecret looks for every secret that was ever sent where none may be: in logs, the agent's among
// them, in processes, in what was uploaded.
func (l *lab) wantNoSecret() {
	leaks, err := agent.SecretScan(l.ctx(), machine.VM{VM: l.vm}, l.secrets, "/etc/docker/key.pem")
	if err != nil {
		l.Error(err)
	}
	for _, leak := range leaks {
		l.Errorf("a secret is where it should not be: %s", leak)
	}
	sent := map[string][]byte{"the agent's events": l.fabric.Seen().Telemetry}
	for _, upload := range l.fabric.Uploads() {
		sent["an uploaded status"] = append(sent["an uploaded status"], upload.Blob...)
	}
	for name, secret := range l.secrets {
		for line := range strings.Lines(secret) {
			if line = strings.TrimSpace(line); len(line) < 16 || strings.HasPrefix(line, "-----") {
				continue
			}
			for place, text := range sent {
				if bytes.Contains(text, []byte(line)) {
					l.Errorf("the %s is in %s", name, place)
				}
			}
		}
	}
}
