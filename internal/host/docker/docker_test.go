package docker

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

// host gives a root folder with the directories that the engine uses. A socket's path must be
// short, which t.TempDir's may not be.
func host(t *testing.T) (Engine, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	for _, sub := range []string{"run", "etc/docker"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return Engine{Root: files.New(dir)}, dir
}

// serve answers on the engine's socket.
func serve(t *testing.T, dir string, answer http.HandlerFunc) {
	t.Helper()
	listener, err := net.Listen("unix", filepath.Join(dir, Socket))
	if err != nil {
		t.Error(err)
		return
	}
	server := &http.Server{Handler: answer}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
}

// short gives a context that ends after the first answer has come, on a busy machine too.
func short(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestReady(t *testing.T) {
	e, dir := host(t)
	asked := 0
	serve(t, dir, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_ping" || r.Method != http.MethodGet {
			t.Errorf("asked for %s %s", r.Method, r.URL)
		}
		if asked++; asked < 3 {
			http.Error(w, "still starting", http.StatusServiceUnavailable)
		}
	})
	if err := e.Ready(t.Context()); err != nil || asked != 3 {
		t.Errorf("got %v after %d questions", err, asked)
	}
}

// The engine comes after the question: its socket appears when the first try has failed.
func TestReadyWaitsForTheSocket(t *testing.T) {
	e, dir := host(t)
	time.AfterFunc(50*time.Millisecond, func() { serve(t, dir, func(http.ResponseWriter, *http.Request) {}) })
	if err := e.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// The watch alone, without the pauses.
func TestAppears(t *testing.T) {
	e, dir := host(t)
	changed := e.appears(t.Context())
	for _, name := range []string{"other", "docker.sock"} {
		if err := os.WriteFile(filepath.Join(dir, "run", name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	<-changed
}

func TestReadyTellsTheLastReason(t *testing.T) {
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"no socket", nil, "no such file or directory"},
		{"error", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no disk\n", http.StatusInternalServerError)
		}, "500 Internal Server Error to /_ping: no disk"},
		{"silence", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "deadline exceeded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, dir := host(t)
			if test.answer != nil {
				serve(t, dir, test.answer)
			}
			err := e.Ready(short(t))
			if fault.CodeOf(err) != fault.EngineSilent || !strings.Contains(err.Error(), test.want) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if strings.Count(err.Error(), "deadline exceeded") != 1 {
				t.Errorf("said twice: %v", err)
			}
		})
	}
}

func TestInfo(t *testing.T) {
	e, dir := host(t)
	body := `{"ServerVersion":"26.1.5","Labels":["foo=bar"],"LiveRestoreEnabled":true,"Swarm":{"LocalNodeState":"inactive"},"ContainersRunning":2,"Driver":"overlay2","More":[1]}`
	serve(t, dir, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/info" {
			fmt.Fprint(w, body)
		}
	})
	got, err := e.Info(t.Context())
	want := Info{ServerVersion: "26.1.5", Labels: []string{"foo=bar"}, LiveRestoreEnabled: true, ContainersRunning: 2, Driver: "overlay2"}
	want.Swarm.LocalNodeState = "inactive"
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, %v", got, err)
	}
	body = "<html>"
	if _, err := e.Info(t.Context()); fault.CodeOf(err) != fault.EngineSilent {
		t.Errorf("got %v", err)
	}
}

func TestVersion(t *testing.T) {
	for header, want := range map[string]string{
		"Docker/26.1.5+dfsg1 (linux)": "26.1.5+dfsg1", "Docker/29.0.0": "29.0.0", "nginx": "", "": "",
	} {
		e, dir := host(t)
		serve(t, dir, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Server", header) })
		got, err := e.Version(t.Context())
		if got != want || fault.CodeOf(err) != fault.EngineSilent && want == "" {
			t.Errorf("%q: got %q, %v", header, got, err)
		}
	}
}

func TestAwaitReload(t *testing.T) {
	e, dir := host(t)
	since := time.Unix(1700000000, 42)
	asked := 0
	serve(t, dir, func(w http.ResponseWriter, r *http.Request) {
		want := url.Values{"since": {"1700000000.000000042"}, "filters": {`{"type":["daemon"],"event":["reload"]}`}}
		if r.URL.Path != "/events" || r.URL.Query().Encode() != want.Encode() {
			t.Errorf("asked for %s", r.URL)
		}
		if asked++; asked == 1 {
			return // the engine restarts: the stream ends
		}
		fmt.Fprintln(w, `{"Type":"network","Action":"reload"}`)
		fmt.Fprintln(w, `{"Type":"daemon","Action":"reload","Actor":{"ID":"x"},"time":1700000001}`)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	if err := e.AwaitReload(t.Context(), since); err != nil || asked != 2 {
		t.Errorf("got %v after %d questions", err, asked)
	}
}

func TestAwaitReloadThatNeverComes(t *testing.T) {
	for name, text := range map[string]string{"no event": "", "another": `{"Type":"container","Action":"start"}`, "garbage": "<html>"} {
		e, dir := host(t)
		serve(t, dir, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, text)
			w.(http.Flusher).Flush()
			if text != "<html>" {
				<-r.Context().Done()
			}
		})
		if err := e.AwaitReload(short(t), time.Now()); fault.CodeOf(err) != fault.EngineSilent || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A verb has a quarter of an hour, of which an engine that does not answer may take its share only.
func TestWaitsAreBounded(t *testing.T) {
	for own, want := range map[time.Duration]time.Duration{0: DefaultWait, 15 * time.Minute: DefaultWait, time.Second: time.Second} {
		ctx := t.Context()
		if own != 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, own)
			defer cancel()
		}
		waiting, cancel := bounded(ctx)
		defer cancel()
		if ends, ok := waiting.Deadline(); !ok || ends.After(time.Now().Add(want)) {
			t.Errorf("with %s of its own, a wait ends at %s", own, ends)
		}
	}
}

// certificate makes a certificate that nobody but its own key vouches for.
func certificate(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestReadyTLS(t *testing.T) {
	own, other := certificate(t, "own"), certificate(t, "other")
	file := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]})
	asIs := string(file)
	tests := []struct {
		name   string
		file   string
		served tls.Certificate
		config *tls.Config
		want   string
	}{
		{"TLS 1.3", asIs, own, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert}, ""},
		{"TLS 1.2", asIs, own, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, MaxVersion: tls.VersionTLS12}, ""},
		{"no client certificate asked for", asIs, own, &tls.Config{}, ""},
		{"text before, chain after", "subject=own\n" + asIs + asIs, own, &tls.Config{}, ""},
		{"another certificate", asIs, other, &tls.Config{}, "it serves another certificate"},
		{"TLS 1.1", asIs, own, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "protocol version"},
		{"no certificate in the file", "-----", own, &tls.Config{}, "has no certificate in it"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, dir := host(t)
			if err := os.WriteFile(filepath.Join(dir, ServerCertificate), []byte(test.file), 0o644); err != nil {
				t.Fatal(err)
			}
			test.config.Certificates = []tls.Certificate{test.served}
			port := serveTLS(t, test.config)
			ctx := t.Context()
			if test.want != "" {
				ctx = short(t)
			}
			err := e.ReadyTLS(ctx, port)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// serveTLS shakes hands with all who come.
func serveTLS(t *testing.T, config *tls.Config) (at netip.AddrPort) {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.(*tls.Conn).HandshakeContext(context.Background())
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).AddrPort()
}

func TestReadyPlain(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/_ping" {
			t.Errorf("asked for %s", r.URL)
		}
	}))
	t.Setenv("http_proxy", "http://192.0.2.1:1")
	port := server.Listener.Addr().(*net.TCPAddr).AddrPort()
	if err := (Engine{}).ReadyPlain(t.Context(), port); err != nil {
		t.Error(err)
	}
	server.Close()
	if err := (Engine{}).ReadyPlain(short(t), port); fault.CodeOf(err) != fault.EngineSilent || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
}

// A listener on all addresses is asked on the loopback address.
func TestReached(t *testing.T) {
	for at, want := range map[string]string{
		"0.0.0.0:1": "127.0.0.1:1", "[::]:1": "[::1]:1", "10.0.0.4:1": "10.0.0.4:1", "127.0.0.1:1": "127.0.0.1:1", "[fe80::1]:1": "[fe80::1]:1",
	} {
		if got := reached(netip.MustParseAddrPort(at)); got != want {
			t.Errorf("%s is reached at %s, want %s", at, got, want)
		}
	}
}
