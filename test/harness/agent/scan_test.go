package agent_test

import (
	"os/exec"
	"path"
	"strings"
	"testing"

	"os"

	"docker-extension/test/harness/agent"
)

const pemKey = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqG\nSM49AwEHBG0wawIBAQQgabcdefgh\n-----END PRIVATE KEY-----\n"

func (b bed) file(name, content string) {
	b.Helper()
	host := b.machine.HostPath(name)
	b.must(os.MkdirAll(path.Dir(host), 0o755))
	b.must(os.WriteFile(host, []byte(content), 0o600))
}

func TestSecretScanFindsEveryForm(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.file("/var/log/raw.log", "login with s3cr\"et-password now")
	b.file("/etc/json", `{"p": "s3cr\"et-password"}`)
	b.file("/tmp/line", "SM49AwEHBG0wawIBAQQgabcdefgh")
	b.file("/run/x/base64", "czNjciJldC1wYXNzd29yZA==")
	b.file("/var/lib/docker-extension/boundary", "-----BEGIN PRIVATE KEY-----")
	b.file("/etc/docker/key.pem", pemKey)
	b.file("/var/lib/waagent/X-1.0/config/0.settings", pemKey)
	b.file("/var/lib/waagent/X-1.0/bundle", pemKey)
	child := exec.Command("sleep", "60")
	child.Env = append(os.Environ(), `PASSWORD=s3cr"et-password`)
	b.must(child.Start())
	defer func() { _, _ = child.Process.Kill(), child.Wait() }()

	leaks, err := agent.SecretScan(t.Context(), b.machine,
		map[string]string{"password": `s3cr"et-password`, "key": pemKey}, "/etc/docker/key.pem")
	b.must(err)
	var got []string
	processes := 0
	for _, leak := range leaks {
		if strings.HasPrefix(leak.Place, "/proc/") && strings.HasSuffix(leak.Place, "/environ") && leak.Secret == "password" {
			processes++
			continue
		}
		got = append(got, leak.String())
	}
	want := "password in /var/log/raw.log, key in /var/lib/waagent/X-1.0/bundle, password in /etc/json, " +
		"password in /run/x/base64, key in /tmp/line"
	if got := strings.Join(got, ", "); got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
	if processes != 1 {
		t.Errorf("found in the environment of %d processes, want 1", processes)
	}
}

func TestSecretScanRefusesShortSecrets(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	if _, err := agent.SecretScan(t.Context(), b.machine, map[string]string{"pin": "1234"}); err == nil {
		t.Error("a secret of four characters was searched for")
	}
}

func TestWatchSeesArgumentsAndEnvironment(t *testing.T) {
	watch, err := agent.StartWatch(map[string]string{"argument": "watched-argument-7391", "variable": "watched-variable-2864"})
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command("/bin/sh", "-c", "sleep 1", "watched-argument-7391")
	child.Env = append(os.Environ(), "SECRET=watched-variable-2864")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, leak := range watch.Stop() {
		seen[leak.String()] = true
	}
	for _, want := range []string{"argument in cmdline of /bin/sh", "variable in environ of /bin/sh", "variable in environ of sleep"} {
		if !seen[want] {
			t.Errorf("not seen: %s (seen %v)", want, seen)
		}
	}
}
