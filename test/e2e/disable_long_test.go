//go:build long

package e2e

import (
	"testing"

	"docker-extension/test/harness/agent"
)

// An engine that refuses its new configuration does not confirm the reload that disable asks of it. It is stopped
// all the same, or the extension could not be removed; and it runs again when the file is repaired.
func TestDisableOfAnEngineThatRefusesItsFile(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.provisionAccount()
		l.succeed(l.remote(`{"docker":{"port":2376}}`))
		l.sh(`sed -i '0,/{/s//{"no-such-key": true,/' /etc/docker/daemon.json`)
		if err := l.agent.Disable(l.ctx()); err != nil {
			t.Errorf("disable: %v", err)
		}
		l.wantStopped()
		l.sh("grep -q 'did not confirm its new configuration' /var/log/azure/*/docker-extension.log")
		l.sh(`sed -i 's/"no-such-key": *true,//' /etc/docker/daemon.json`)
		if err := l.agent.EnableAgain(l.ctx()); err != nil {
			l.Fatal(err)
		}
		if s := l.wait(); s.State != agent.Success {
			l.Fatalf("enable after disable: %s", show(s))
		}
		l.wantVersion(l.keys, 2376)
	})
}
