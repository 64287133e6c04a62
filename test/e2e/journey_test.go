package e2e

import (
	"testing"
)

// The main job, from a fresh VM to the end of the extension's life.
func TestJourney(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		status := l.succeed(l.remote(`{"docker":{"port":"2376","options":["--label","foo=bar"]}}`))
		l.Log(show(status))
		l.Log(l.sh("docker info 2>&1; systemctl status docker --no-pager; ls -la /etc/docker /var/lib/docker-extension"))
	})
}
