package repository

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/apt"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/files"
	"docker-extension/internal/keyring"
	"docker-extension/internal/patience"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// bench is a host in a folder whose apt-get keeps what it was given to read, and then does as told.
type bench struct {
	Repositories
	dir string
}

func newBench(t *testing.T, behaviour string) bench {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\ncp -r " + dir + "/run/docker-extension-source " + dir + "/seen\n" + behaviour + "\n"
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "bin/apt-get"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	root := files.New(dir)
	hand := apt.Apt{Root: root, Runner: command.Runner{Path: dir + "/bin:" + command.DefaultPath}, Pause: time.Millisecond}
	return bench{Repositories{Root: root, Apt: hand, Now: time.Now}, dir}
}

// signing gives an armoured public key and its fingerprint; a lifetime of 0 is for ever.
func signing(t *testing.T, lifetime time.Duration) (text, fingerprint string) {
	t.Helper()
	made := time.Now().Add(-48 * time.Hour)
	key, err := openpgp.NewEntity("Somebody", "", "", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: uint32(lifetime.Seconds()), Time: func() time.Time { return made },
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.PublicKeyType, nil)
	if err == nil {
		err = key.Serialize(w)
	}
	if err == nil {
		err = w.Close()
	}
	ring, parseErr := keyring.Parse(out.Bytes())
	if err != nil || parseErr != nil {
		t.Fatal(err, parseErr)
	}
	return out.String() + "\n", ring.Fingerprints()[0]
}

func wanted(key state.Key) state.Repository {
	return state.Repository{
		File: "/etc/apt/sources.list.d/docker.sources", Keyring: "/etc/apt/keyrings/docker.asc",
		URL: "https://m.example.com", Suite: "trixie", Component: "stable", Arch: "amd64", Key: key,
	}
}

func (b bench) read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(b.dir, path))
	if err != nil {
		return ""
	}
	return string(text)
}

func TestAdd(t *testing.T) {
	text, fingerprint := signing(t, 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }))
	defer server.Close()
	for name, key := range map[string]state.Key{
		"text": {Text: text}, "address": {Address: server.URL, Fingerprint: fingerprint}, "file": {Address: "file:///srv/50%25/key"},
	} {
		b := newBench(t, "exit 0")
		if err := b.Root.Write("/srv/50%/key", public([]byte(text))); err != nil {
			t.Fatal(err)
		}
		got, err := b.Add(t.Context(), wanted(key), state.Proxy{})
		if err != nil || !slices.Equal(got, []string{fingerprint}) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if description := b.read(t, wanted(key).File); !strings.Contains(description, "\nSigned-By: /etc/apt/keyrings/docker.asc\n") {
			t.Errorf("%s: apt reads\n%s", name, description)
		}
		if ring, err := keyring.Parse([]byte(b.read(t, wanted(key).Keyring))); err != nil || ring.Fingerprints()[0] != fingerprint {
			t.Errorf("%s: the keyring, %v", name, err)
		}
		if seen := b.read(t, "seen/docker.sources"); !strings.Contains(seen, "Signed-By: "+b.dir+"/run/docker-extension-source/docker.asc\n") {
			t.Errorf("%s: tried with\n%s", name, seen)
		}
		if b.Root.Exists(trial) {
			t.Errorf("%s: the trial is left behind", name)
		}
	}
}

func TestAddWithoutAKey(t *testing.T) {
	b := newBench(t, "exit 0")
	open := wanted(state.Key{})
	open.Keyring = ""
	if _, err := b.Add(t.Context(), open, state.Proxy{}); err != nil || strings.Contains(b.read(t, open.File), "Signed-By") {
		t.Errorf("%v:\n%s", err, b.read(t, open.File))
	}
}

// A server that is in trouble for a moment is asked again, and no longer than the run has patience.
func TestAddOutlastsAnOutage(t *testing.T) {
	text, fingerprint := signing(t, 0)
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write([]byte(text))
	}))
	defer server.Close()
	b, key := newBench(t, "exit 0"), state.Key{Address: server.URL, Fingerprint: fingerprint}
	impatient := patience.With(t.Context(), patience.New(0, nil, nil))
	if _, err := b.Add(impatient, wanted(key), state.Proxy{}); err == nil || asked != 1 {
		t.Errorf("without patience: asked %d times, error %v", asked, err)
	}
	if _, err := b.Add(t.Context(), wanted(key), state.Proxy{}); err != nil || asked != 3 {
		t.Errorf("asked %d times, error %v", asked, err)
	}
}

func TestPasses(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"503":          {&statusError{code: 503}, true},
		"429":          {&statusError{code: 429}, true},
		"404":          {&statusError{code: 404}, false},
		"late":         {errNoAnswer, true},
		"no resolver":  {&net.OpError{Op: "dial", Err: &net.DNSError{IsTemporary: true}}, true},
		"no such name": {&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}, false},
		"refused":      {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true},
		"certificate":  {&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, false},
		"redirection":  {errInsecure, false},
	} {
		if got := passes(fmt.Errorf("why: %w", c.err)); got != c.want {
			t.Errorf("%s: passes by itself: %v, want %v", name, got, c.want)
		}
	}
}

// What cannot be used leaves no trace.
func TestAddRefuses(t *testing.T) {
	good, fingerprint := signing(t, 0)
	expired, _ := signing(t, time.Hour)
	answers := http.NewServeMux()
	answers.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	answers.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, keyring.MaxSize+10)) })
	server := httptest.NewServer(answers)
	defer server.Close()
	for name, c := range map[string]struct {
		key       state.Key
		behaviour string
		says      string
	}{
		"apt says no":         {state.Key{Text: good}, "echo 'E: The repository is not signed.'; exit 100", "is not signed"},
		"another fingerprint": {state.Key{Text: good, Fingerprint: strings.Repeat("A", 40)}, "", "has the fingerprint " + fingerprint},
		"expired":             {state.Key{Text: expired}, "", "its time is over"},
		"a page":              {state.Key{Address: server.URL + "/page"}, "", "holds no OpenPGP key"},
		"a flood":             {state.Key{Address: server.URL + "/huge"}, "", "is larger than"},
		"not there":           {state.Key{Address: server.URL + "/none"}, "", "404"},
		"no such file":        {state.Key{Address: "file:///none"}, "", "there is no file /none"},
	} {
		b := newBench(t, c.behaviour)
		_, err := b.Add(t.Context(), wanted(c.key), state.Proxy{})
		if fault.CodeOf(err) != fault.PackageSource || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if b.Root.Exists("/etc/apt/sources.list.d/docker.sources") || b.Root.Exists("/etc/apt/keyrings/docker.asc") || b.Root.Exists(trial) {
			t.Errorf("%s: something is left behind", name)
		}
	}
}

// A link at the place of one of our files is somebody else's work.
func TestAddLeavesLinksAlone(t *testing.T) {
	text, _ := signing(t, 0)
	b := newBench(t, "exit 0")
	link := filepath.Join(b.dir, wanted(state.Key{}).File)
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/elsewhere", link); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Add(t.Context(), wanted(state.Key{Text: text}), state.Proxy{}); fault.CodeOf(err) != fault.HostFiles {
		t.Errorf("error %v", err)
	}
	if target, err := os.Readlink(link); err != nil || target != "/elsewhere" || b.Root.Exists(wanted(state.Key{}).Keyring) {
		t.Errorf("the link leads to %q, error %v", target, err)
	}
}

func TestFetchStaysSecure(t *testing.T) {
	insecure := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("key")) }))
	defer insecure.Close()
	next, first := httptest.NewRequest(http.MethodGet, insecure.URL, nil), httptest.NewRequest(http.MethodGet, "https://m.example.com", nil)
	if staySecure(next, []*http.Request{first}) == nil || staySecure(first, []*http.Request{next}) != nil {
		t.Error("from https to http must not be followed, the other way round may")
	}
	if staySecure(next, slices.Repeat([]*http.Request{next}, 6)) == nil {
		t.Error("it goes round in circles")
	}
	unknown := httptest.NewTLSServer(http.NotFoundHandler())
	defer unknown.Close()
	if _, err := fetch(t.Context(), unknown.URL, state.Proxy{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a server that nobody knows: %v", err)
	}
}

// Through a proxy that wants a password; what fails does not tell it.
func TestFetchThroughAProxy(t *testing.T) {
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String()+" "+r.Header.Get("Proxy-Authorization"))
		_, _ = w.Write([]byte("key"))
	}))
	address := strings.Replace(proxy.URL, "http://", "http://u:hush@", 1)
	through := state.Proxy{HTTP: secret.New(address), No: "direct.example.com"}
	if data, err := fetch(t.Context(), "http://m.example.com/key", through); err != nil || string(data) != "key" {
		t.Errorf("%q, %v", data, err)
	}
	if want := []string{"http://m.example.com/key Basic dTpodXNo"}; !slices.Equal(asked, want) {
		t.Errorf("the proxy was asked for %q", asked)
	}
	proxy.Close()
	if _, err := fetch(t.Context(), "http://m.example.com/key", through); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a proxy that is gone: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fetch(ctx, "http://m.example.com/key", through); err == nil {
		t.Error("it does not heed its context")
	}
}

func TestDirect(t *testing.T) {
	const list = " localhost, .example.com,*.example.org,10.0.0.0/8,m.example.net:443,"
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "example.com": true, "a.b.example.com": true, "x.example.org": true, "10.1.2.3": true,
		"m.example.net": true, "badexample.com": false, "11.0.0.1": false, "example.net": false,
	} {
		if direct(host, list) != want {
			t.Errorf("%s: %v", host, !want)
		}
	}
	if !direct("anything", "*") || direct("anything", "") {
		t.Error("everything and nothing")
	}
}

func TestWay(t *testing.T) {
	find := way(state.Proxy{HTTPS: secret.New("http://p:1")})
	for address, want := range map[string]string{"https://a": "http://p:1", "http://a": ""} {
		u, err := find(&http.Request{URL: mustURL(t, address)})
		if err != nil || want != "" && (u == nil || u.String() != want) || want == "" && u != nil {
			t.Errorf("%s: %v, %v", address, u, err)
		}
	}
	if _, err := way(state.Proxy{HTTP: secret.New("http://u:hush@p:port")})(&http.Request{URL: mustURL(t, "http://a")}); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a proxy that is no address: %v", err)
	}
}

func mustURL(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
