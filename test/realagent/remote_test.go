package realagent

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// askEngine asks the engine for its version from outside the VM, with or without the client's
// certificate.
func (l *lab) askEngine(port string, withCertificate bool) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(l.keys.Authority.Cert)
	config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if withCertificate {
		pair, err := tls.X509KeyPair(l.keys.Client.Cert, l.keys.Client.Key)
		if err != nil {
			return err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
	return l.get(l.ctx(), client, "https://"+net.JoinHostPort(l.vm.Address(), port)+"/version")
}

// get wants a good answer.
func (l *lab) get(ctx context.Context, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

// wantRemote wants that the person with the certificate is let in, and nobody else.
func (l *lab) wantRemote(port string) {
	l.Helper()
	if err := l.askEngine(port, true); err != nil {
		l.Errorf("the engine does not answer a client with a certificate: %v", err)
	}
	if err := l.askEngine(port, false); err == nil {
		l.Error("a client without a certificate was let in")
	}
}

const webPort = "8080"

// container is what must not change about a container that is left alone.
type container struct{ pid, started string }

// runWeb starts a container that answers requests. It ends at once when it is asked to: the engine
// leaves it to systemd at a shutdown, which waits 90 s for one that does not.
func (l *lab) runWeb() container {
	l.Helper()
	l.sh("docker import /opt/busybox.tar busybox >/dev/null && docker run --detach --name web --restart always --volume data:/www " +
		"--publish " + webPort + ":80 busybox sh -c 'trap \"exit 0\" TERM; echo hello >/www/index.html; httpd -p 80 -h /www; while :; do sleep 0.2; done'")
	l.until("the container's answer", func() bool { return l.get(l.ctx(), http.DefaultClient, l.webURL()) == nil })
	return l.web()
}

func (l *lab) webURL() string {
	return "http://" + net.JoinHostPort(l.vm.Address(), webPort) + "/index.html"
}

func (l *lab) web() container {
	l.Helper()
	words := strings.Fields(l.sh("docker container inspect --format '{{.State.Running}} {{.State.Pid}} {{.State.StartedAt}}' web"))
	if len(words) != 3 || words[0] != "true" {
		l.Fatalf("the container does not run: %q", words)
	}
	return container{pid: words[1], started: words[2]}
}

// wantUntouched wants the container to be the very process that it was.
func (c container) wantUntouched(l *lab) {
	l.Helper()
	if now := l.web(); now != c {
		l.Errorf("the container is %v, before %v", now, c)
	}
}

// poll asks the container every 100 ms until stop is called, over a new connection each time.
func (l *lab) poll() (stop func()) {
	ctx, cancel := context.WithCancel(l.Context())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	done := make(chan struct{})
	answers := 0
	go func() {
		defer close(done)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			err := l.get(context.WithoutCancel(ctx), client, l.webURL())
			if err != nil {
				l.Errorf("after %d answers the container gives none: %v", answers, err)
				continue
			}
			answers++
		}
	}()
	return func() {
		cancel()
		<-done
		l.Logf("%d requests, all answered unless said otherwise", answers)
	}
}

// until waits up to ten minutes for something to come true.
func (l *lab) until(what string, true func() bool) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), 10*time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !true() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			l.Fatalf("%s has not come within ten minutes", what)
		}
	}
}

// engine identifies the engine's process; it is another one after a restart.
func (l *lab) engine() string {
	l.Helper()
	return l.sh("systemctl show docker.service -P MainPID -P ExecMainStartTimestampMonotonic -P NRestarts")
}

func (l *lab) wantEngine(before string) {
	l.Helper()
	if now := l.engine(); now != before || strings.HasPrefix(now, "0\n") {
		l.Errorf("the engine's process is %q, before %q", now, before)
	}
}
