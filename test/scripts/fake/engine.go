package fake

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// Version is the engine's version.
const Version = "26.1.5+dfsg1"

// engine is dockerd as far as the extension has to do with it: it reads daemon.json, serves the
// sockets that systemd gives it, and takes reloads. It has a lock of none of its own: Host's.
type engine struct {
	host    *Host
	servers []*http.Server
	config  config
	starts  int
	reloads []time.Time
	news    chan struct{} // closed at a reload
}

// config is the part of daemon.json that has an effect here.
type config struct {
	Labels      []string `json:"labels"`
	LiveRestore bool     `json:"live-restore"`
	TLSVerify   bool     `json:"tlsverify"`
	TLSCACert   string   `json:"tlscacert"`
	TLSCert     string   `json:"tlscert"`
	TLSKey      string   `json:"tlskey"`
}

func (e *engine) read() (config, error) {
	var c config
	content, err := os.ReadFile(e.host.path("etc/docker/daemon.json"))
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &c)
	}
	return c, err
}

// start serves the sockets with what is in the files now. The first is the unix socket, the others
// are served in TLS if daemon.json says so.
func (e *engine) start(sockets []*queue) error {
	c, err := e.read()
	if err != nil {
		return err
	}
	var secure *tls.Config
	if c.TLSVerify {
		if secure, err = e.tls(c); err != nil {
			return err
		}
	}
	e.config, e.news = c, make(chan struct{})
	e.starts++
	for _, q := range sockets {
		listener := net.Listener(q.turn())
		if secure != nil && q.Addr().Network() == "tcp" {
			listener = tls.NewListener(listener, secure)
		}
		server := &http.Server{Handler: e, ErrorLog: log.New(io.Discard, "", 0)}
		e.servers = append(e.servers, server)
		go func() { _ = server.Serve(listener) }()
	}
	e.host.Record.add("dockerd starts")
	return nil
}

func (e *engine) tls(c config) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(e.host.path(c.TLSCert), e.host.path(c.TLSKey))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(e.host.path(c.TLSCACert))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("no certificate in " + c.TLSCACert)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}, nil
}

func (e *engine) stop() {
	for _, server := range e.servers {
		_ = server.Close() // there is nothing to lose
	}
	e.servers = nil
	e.host.Record.add("dockerd stops")
}

// reload takes what an engine takes at SIGHUP. A file that it cannot read leaves it as it was, and
// gives no event.
func (e *engine) reload() {
	c, err := e.read()
	if err != nil {
		e.host.Record.add("dockerd refuses to reload")
		return
	}
	e.config.Labels, e.config.LiveRestore = c.Labels, c.LiveRestore
	e.reloads = append(e.reloads, time.Now())
	close(e.news)
	e.news = make(chan struct{})
	e.host.Record.add("dockerd reloads")
}

// ServeHTTP answers what the extension asks for.
func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Server", "Docker/"+Version+" (linux)")
	switch r.URL.Path {
	case "/_ping":
		fmt.Fprint(w, "OK")
	case "/events":
		e.events(w, r)
	default:
		http.NotFound(w, r)
	}
}

// events answers with one reload since the given time, and waits for it if it is still to come.
func (e *engine) events(w http.ResponseWriter, r *http.Request) {
	since, err := strconv.ParseFloat(r.URL.Query().Get("since"), 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for {
		e.host.mu.Lock()
		news, n := e.news, len(e.reloads)
		came := n > 0 && float64(e.reloads[n-1].UnixNano())/1e9 >= since
		e.host.mu.Unlock()
		if came {
			fmt.Fprintln(w, `{"Type":"daemon","Action":"reload"}`)
			return
		}
		select {
		case <-news:
		case <-r.Context().Done():
			return
		}
	}
}

// Engine says in some lines what the engine is doing.
func (h *Host) Engine() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.units.active {
		return fmt.Sprintf("stopped; starts %d\n", h.engine.starts)
	}
	c := h.engine.config
	text := fmt.Sprintf("running; starts %d; labels %q; live-restore %t", h.engine.starts, c.Labels, c.LiveRestore)
	for _, q := range h.units.listeners[1:] {
		text += fmt.Sprintf("; port %d; tls %t", q.Addr().(*net.TCPAddr).Port, c.TLSVerify)
	}
	return text + "\n"
}
