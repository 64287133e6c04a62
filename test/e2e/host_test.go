package e2e

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
)

// footprint is the host as it must stay when there is nothing to do.
type footprint struct{ engine, socket, units string }

// untouched remembers the host; check then wants that nothing has been written or restarted since. The work unit
// says in the status that it is done, and then keeps its records: that belongs to the run before.
func (l *lab) untouched() footprint {
	l.Helper()
	l.workEnds()
	l.sh("touch /tmp/since && sleep 0.02")
	return l.footprint()
}

func (l *lab) footprint() footprint {
	return footprint{
		engine: l.enginePID(),
		socket: l.sh("systemctl show docker.socket -P InvocationID -P ActiveEnterTimestampMonotonic"),
		units:  l.sh("journalctl --sync; journalctl -o cat -u docker-extension-converge.service | grep -c Started || true"),
	}
}

func (f footprint) check(l *lab) {
	l.Helper()
	if now := l.footprint(); now != f {
		l.Errorf("the host was touched: %+v, before %+v", now, f)
	}
	written := l.sh("find / -xdev \\( -path " + agent.LibDir + " -o -path /var/log -o -path /tmp -o -path /var/lib/docker -o -path /var/lib/containerd \\) -prune -o -newer /tmp/since -type f -print; " +
		"find /run/docker-extension /etc/docker /var/lib/docker-extension -newer /tmp/since -type f ! -name '*.lock' -print")
	if written != "" {
		l.Errorf("written although there was nothing to do:\n%s", written)
	}
}

// workEnds waits for the end of the work unit, one that systemd starts again after a kill included. It asks for
// units that are loaded: to be asked about one that has gone makes systemd complain in that unit's journal.
func (l *lab) workEnds() {
	l.Helper()
	const list = "systemctl list-units --all --plain --no-legend docker-extension-converge.service"
	l.await("the end of the work unit", func(context.Context) bool {
		unit := strings.Fields(l.sh(list)) // name, load state, active state, ...
		return len(unit) < 3 || unit[2] == "inactive"
	})
}

// servedNames gives the names in the certificate that is served on a port.
func (l *lab) servedNames(port int) string {
	l.Helper()
	var names []string
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}
	conn, err := dialer.DialContext(l.ctx(), "tcp", l.address(port))
	if err != nil {
		l.Error(err)
		return ""
	}
	defer conn.Close()
	for _, c := range conn.(*tls.Conn).ConnectionState().PeerCertificates {
		names = append(names, c.DNSNames...)
	}
	return strings.Join(names, " ")
}

// patience is how long a test waits for something to come true: on a busy machine apt alone needs a minute.
const patience = 10 * time.Minute

// await waits for something to come true.
func (l *lab) await(what string, true func(context.Context) bool) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !true(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			l.Fatalf("%s has not come within %s", what, patience)
		}
	}
}

func parseIP(address string) []net.IP { return []net.IP{net.ParseIP(address)} }
