package e2e

import (
	"testing"
	"time"
)

func TestZZ(t *testing.T) {
	l := newLab(t, "trixie")
	b := l.portrait()
	l.sh("touch -r /etc/hosts /etc/hosts; mkdir /root/x; cp -p /etc/passwd /etc/p; mv /etc/p /etc/passwd")
	a := l.portrait()
	l.Log(changed(b.files, a.files), len(a.files))
	l.Log(a.life)
	if len(changed(b.files, a.files)) == 0 { t.Error("blind") }
	l.sh("iptables -I OUTPUT -p tcp ! -o lo -j DROP")
	if err := l.agent.Enable(l.ctx(), l.pkg, l.settings(`{}`, nil)); err != nil { l.Log(err) }
	s := time.Now()
	for time.Since(s) < 9*time.Minute {
		st, _ := l.agent.Status()
		if st.Terminal() { l.Log(time.Since(s), show(st)); break }
		time.Sleep(time.Second)
	}
	l.showLog()
}
