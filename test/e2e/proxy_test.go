package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
)

// docker.proxy: apt and the engine go through a proxy that asks for a password, and the password is
// nowhere but in the one file that has to hold it.
func TestProxy(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		p := l.startProxy(`pa%40$s!w%25ord`)
		l.throughProxy(p)
		c := l.runContainer("steady", "always")
		l.changeProxy(p)
		l.dropProxy()
		c.wantUntouched(l)
	})
}

// proxy is a forward proxy on the host, which remembers for which hosts it was asked.
type proxy struct {
	address  string // with user and password
	password string
	mu       sync.Mutex
	asked    []string
}

// startProxy serves one for robot with that password, which is in the form that a URL has.
func (l *lab) startProxy(password string) *proxy {
	l.Helper()
	listener, err := (&net.ListenConfig{}).Listen(l.ctx(), "tcp", net.JoinHostPort(l.vm.Gateway(), "0"))
	if err != nil {
		l.Fatal(err)
	}
	p := &proxy{password: password, address: "http://robot:" + password + "@" + listener.Addr().String()}
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	l.Cleanup(func() { _ = server.Close() })
	l.secrets["password of the proxy"] = password
	return p
}

// ServeHTTP forwards plain requests. Tunnels are refused, once they are counted.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("robot:pa@$s!w%ord"))
	if r.Header.Get("Proxy-Authorization") != want {
		w.Header().Set("Proxy-Authenticate", "Basic")
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	p.mu.Lock()
	p.asked = append(p.asked, r.Method+" "+r.Host)
	p.mu.Unlock()
	if r.Method == http.MethodConnect {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	request := r.Clone(r.Context())
	request.RequestURI = ""
	request.Header.Del("Proxy-Authorization")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body) // the other side may go away at any time
}

// requests gives what it was asked for since the last call, each once.
func (p *proxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Compact(slices.Sorted(slices.Values(p.asked)))
	p.asked = nil
	return all
}

func (p *proxy) settings(l *lab, no string) agent.Settings {
	l.Helper()
	return l.settings(fmt.Sprintf(`{"docker":{"proxy":{"http":%q,"https":%q,"no":%q}}}`, p.address, p.address, no), nil)
}

// engineProxy is what the running engine has in its environment.
func (l *lab) engineProxy() []string {
	l.Helper()
	return textLines(l.sh(`tr '\0' '\n' </proc/` + l.enginePID() + `/environ | grep -i proxy | sort || true`))
}

func textLines(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' })
}

// throughProxy installs through the proxy, and lets the engine pull through it.
func (l *lab) throughProxy(p *proxy) {
	s := p.settings(l, "localhost,127.0.0.1")
	l.Log(show(l.succeed(s)))
	if asked := p.requests(); len(asked) == 0 || !strings.HasPrefix(asked[0], "GET ") {
		l.Errorf("apt asked the proxy for %q", asked)
	}
	want := []string{"HTTPS_PROXY=" + p.address, "HTTP_PROXY=" + p.address, "NO_PROXY=localhost,127.0.0.1"}
	if got := l.engineProxy(); !slices.Equal(got, want) {
		l.Errorf("the engine has %q", got)
	}
	l.sh("! docker pull registry.example.com/image 2>/dev/null")
	if asked := p.requests(); !slices.Contains(asked, "CONNECT registry.example.com:443") {
		l.Errorf("the engine asked the proxy for %q", asked)
	}
	l.wantNothingToDo(s)
	if got := l.sh("stat -c '%a %U' /etc/docker/docker-extension-proxy.env"); got != "600 root" {
		l.Errorf("the file with the password is %s", got)
	}
	l.wantProxyKept()
}

// wantProxyKept wants the password in the file and in the engine, and nowhere else.
func (l *lab) wantProxyKept() {
	l.Helper()
	leaks, err := agent.SecretScan(l.ctx(), machine.VM{VM: l.vm}, l.secrets,
		"/etc/docker/docker-extension-proxy.env", "/proc/"+l.enginePID()+"/environ")
	if err != nil || len(leaks) > 0 {
		l.Errorf("leaked: %v, error %v", leaks, err)
	}
	if shown := l.sh("systemctl show docker.service --all"); strings.Contains(shown, l.secrets["password of the proxy"]) {
		l.Error("systemd shows the password to everybody")
	}
}

// changeProxy gives another list of exceptions, which the engine reads at a restart only.
func (l *lab) changeProxy(p *proxy) {
	c := l.container("steady")
	l.Log(show(l.succeed(p.settings(l, "localhost"))))
	if got := l.engineProxy(); !slices.Contains(got, "NO_PROXY=localhost") {
		l.Errorf("the engine has %q", got)
	}
	c.wantUntouched(l)
}

// dropProxy takes it away again.
func (l *lab) dropProxy() {
	l.Log(show(l.succeed(l.settings(`{}`, nil))))
	if got := l.engineProxy(); len(got) != 0 {
		l.Errorf("the engine still has %q", got)
	}
	left := l.sh("ls /etc/docker/docker-extension-proxy.env /etc/systemd/system/docker.service.d/* 2>/dev/null; systemctl show docker.service -P NeedDaemonReload")
	if left != "no" {
		l.Errorf("left behind, or not read again: %s", left)
	}
	l.await("the engine", func(context.Context) bool { return l.sh("docker info >/dev/null 2>&1 && echo yes || true") == "yes" })
}
