package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"docker-extension/test/harness/agent"
)

// impatient are settings of somebody who does not want to wait for a mirror or a lock.
const impatient = `{"docker":{"port":2376,"waitMinutes":0}}`

// networkMishaps are those of the mirror that packages come from, and of the way to it.
func networkMishaps() []mishap {
	const reach, later = "let the VM reach the package servers of its apt sources", "try again in some minutes: the "
	fails := func(name string, brief bool, t trouble, says ...string) mishap {
		m := &mirror{trouble: t}
		return mishap{name: name, brief: brief, fresh: true, code: codePackageInstall, strike: m.strike, settings: asks(impatient), says: says}
	}
	heals := func(name string, brief bool, t trouble, says string) mishap {
		m := &mirror{trouble: t, says: says}
		return mishap{name: name, brief: brief, fresh: true, strike: m.strike, meanwhile: m.passing}
	}
	return []mishap{
		fails("mirror down", false, trouble{down: true}, reach),
		fails("mirror that breaks off", false, trouble{serve: breaksOff}, reach),
		fails("mirror that serves other bytes", false, trouble{serve: otherBytes}, "Hash Sum mismatch", later+"mirror is being updated"),
		fails("mirror busy", false, trouble{serve: answers(http.StatusServiceUnavailable, ".deb")}, "503  Service Unavailable", later+"package server"),
		fails("mirror without a package", false, trouble{serve: answers(http.StatusNotFound, "/runc.deb")}, "404  Not Found", "check the apt sources"),
		fails("mirror without an index", false, trouble{serve: answers(http.StatusNotFound, "Release", "Packages")}, "check the apt sources"),
		fails("mirror whose name nobody knows", false, trouble{nameless: true}, "let the VM resolve names"),
		heals("mirror down for a while", true, trouble{down: true}, "waiting for the package servers to answer"),
		heals("mirror that breaks off for a while", false, trouble{serve: breaksOff}, "waiting for the package servers to answer"),
		heals("mirror that serves other bytes for a while", false, trouble{serve: otherBytes}, "waiting for the mirror to be in step with itself"),
		heals("mirror busy for a while", false, trouble{serve: answers(http.StatusServiceUnavailable, ".deb")}, "waiting for the package servers to recover"),
		heals("mirror that drips", false, trouble{serve: drips}, "install "),
		heals("name resolution that comes late", false, trouble{nameless: true}, "waiting for a DNS server"),
	}
}

// trouble is what is wrong with the mirror, until it is over.
type trouble struct {
	down, nameless bool
	// serve answers a request in the mirror's place, and tells whether it has; nil leaves all to the mirror.
	serve func(m *mirror, w http.ResponseWriter, r *http.Request) bool
}

const (
	mirrorName = "mirror.test"
	away       = 5 * time.Second // how long a trouble lasts that passes
)

// stock puts the packages of the engine into a flat repository; where there is one already, it is kept.
const stock = `set -eu
if [ ! -e /srv/mirror/Release ]; then
  mkdir -p /srv/mirror /srv/archives
  DEBIAN_FRONTEND=noninteractive apt-get -qq install --download-only --reinstall --no-install-recommends docker.io $(apt-cache show docker-cli >/dev/null 2>&1 && echo docker-cli) >/dev/null
  cp /var/cache/apt/archives/*.deb /srv/archives
  cd /srv/mirror
  for deb in /srv/archives/*.deb; do
    name=$(dpkg-deb -f "$deb" Package); cp "$deb" $name.deb
    dpkg-deb -f "$deb"; echo "Filename: ./$name.deb"; echo "Size: $(stat -c %s $name.deb)"; echo "SHA256: $(sha256sum <$name.deb | cut -d' ' -f1)"; echo
  done >Packages
  printf 'Date: %s\nSHA256:\n %s %s Packages\n' "$(date -Ru)" "$(sha256sum <Packages | cut -d' ' -f1)" "$(stat -c %s Packages)" >Release
fi
`

// restock brings back what apt has downloaded, so that the next row need not.
const restock = "cp /srv/archives/*.deb /var/cache/apt/archives"

// mirror serves the repository at the host's end of the VM's cable.
type mirror struct {
	trouble trouble
	says    string // what the status says while the trouble lasts
	folder  string
	address string
	server  *http.Server
	over    atomic.Bool // the trouble is over
}

// strike makes the mirror the VM's only source of packages, with its trouble.
func (m *mirror) strike(l *lab) func() {
	l.sh(stock + "rm -rf /srv/away; mkdir /srv/away; mv /etc/apt/sources.list.d /var/lib/apt/lists /srv/away; mkdir /etc/apt/sources.list.d; apt-get clean")
	m.folder, m.address = l.vm.Path("/srv/mirror"), net.JoinHostPort(l.vm.Gateway(), "0")
	m.open(l)
	if m.trouble.down {
		_ = m.server.Close()
	}
	_, port, _ := net.SplitHostPort(m.address)
	name := l.vm.Gateway()
	if m.trouble.nameless {
		name = mirrorName
	}
	l.write("/etc/apt/sources.list.d/mirror.list", "deb [trusted=yes] http://"+name+":"+port+"/ ./\n")
	return func() {
		_ = m.server.Close()
		l.sh("rm -rf /etc/apt/sources.list.d /var/lib/apt/lists; mv /srv/away/sources.list.d /etc/apt; mv /srv/away/lists /var/lib/apt")
		l.sh("grep -v " + mirrorName + " /etc/hosts >/srv/hosts; cat /srv/hosts >/etc/hosts; " + restock)
	}
}

// open begins to serve at the mirror's address, which gets its port here.
func (m *mirror) open(l *lab) {
	l.Helper()
	listener, err := (&net.ListenConfig{}).Listen(l.ctx(), "tcp", m.address)
	if err != nil {
		l.Fatal(err)
	}
	m.address = listener.Addr().String()
	m.server = &http.Server{Handler: m, ReadHeaderTimeout: time.Minute}
	go func() { _ = m.server.Serve(listener) }() // until it is closed
	l.Cleanup(func() { _ = m.server.Close() })
}

// ServeHTTP answers as the trouble wants it, while it lasts.
func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if m.over.Load() || m.trouble.serve == nil || !m.trouble.serve(m, w, r) {
		http.FileServer(http.Dir(m.folder)).ServeHTTP(w, r)
	}
}

// passing ends the trouble after a while, with a run that waits for it.
func (m *mirror) passing(l *lab, s agent.Settings) ending {
	if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
		return l.failedCall(err)
	}
	l.awaitSaying(m.says)
	l.after(away)
	if s, err := l.agent.Status(); err != nil || s.State != agent.Transitioning {
		l.Errorf("it did not wait: %s, error %v", show(s), err)
	}
	m.over.Store(true)
	if m.trouble.down {
		m.open(l)
	}
	if m.trouble.nameless {
		l.sh("echo " + l.vm.Gateway() + " " + mirrorName + " >>/etc/hosts")
	}
	return endingOf(l.wait())
}

// answers gives a code for files whose names end so.
func answers(code int, ends ...string) func(*mirror, http.ResponseWriter, *http.Request) bool {
	return func(_ *mirror, w http.ResponseWriter, r *http.Request) bool {
		for _, end := range ends {
			if strings.HasSuffix(r.URL.Path, end) {
				http.Error(w, "mishap", code)
				return true
			}
		}
		return false
	}
}

// wanted gives the content of the package that is asked for; nil where it is something else.
func (m *mirror) wanted(r *http.Request) []byte {
	if filepath.Ext(r.URL.Path) != ".deb" {
		return nil
	}
	content, err := os.ReadFile(filepath.Join(m.folder, filepath.Base(r.URL.Path)))
	if err != nil {
		return nil
	}
	return content
}

// breaksOff promises a whole package and gives 4 KiB of it.
func breaksOff(m *mirror, w http.ResponseWriter, r *http.Request) bool {
	content := m.wanted(r)
	if content == nil {
		return false
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = w.Write(content[:min(4096, len(content)/2)])
	panic(http.ErrAbortHandler) // how net/http is told to cut the connection
}

// otherBytes gives a package of the right size with one wrong byte.
func otherBytes(m *mirror, w http.ResponseWriter, r *http.Request) bool {
	content := m.wanted(r)
	if content == nil {
		return false
	}
	content[len(content)/2] ^= 1
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = w.Write(content)
	return true
}

// drips gives a package so slowly that it would take hours, but never so slowly that the connection times
// out; the rest at once when the trouble is over.
func drips(m *mirror, w http.ResponseWriter, r *http.Request) bool {
	content := m.wanted(r)
	if content == nil {
		return false
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	flow := http.NewResponseController(w)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for len(content) > 256 && !m.over.Load() {
		_, _ = w.Write(content[:256])
		_ = flow.Flush()
		content = content[256:]
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return true
		}
	}
	_, _ = w.Write(content)
	return true
}
