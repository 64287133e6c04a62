package realagent

import "testing"

const firstSettings = `{"docker":{"port":"2376","options":["--label","foo=bar"]}}`

// The life of the extension on one VM, as the real agent plays it.
func TestLife(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.step("install and enable", l.install)
	})
}

func (l *lab) install() {
	l.configure(firstSettings)
	if err := l.agent.Start(l.ctx()); err != nil {
		l.Fatal(err)
	}
	l.Log(show(l.succeed()))
}
