package openssl

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// run calls the real openssl in dir and gives its output.
func run(t *testing.T, dir, stdin string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl %v: %v", args, err)
	}
	return out
}

// fixture makes a key pair in a new folder; it skips where there is no openssl.
func fixture(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	run(t, dir, "", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2")
	return dir
}

// script writes a stand-in for openssl.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "openssl")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDecryptCMS(t *testing.T) {
	dir := fixture(t)
	message := run(t, dir, `{"a":1}`, "cms", "-encrypt", "-binary", "-aes-192-cbc", "-keyid", "-outform", "DER", "-recip", "cert.pem")
	plain, err := Command{}.DecryptCMS(context.Background(), message, filepath.Join(dir, "key.pem"))
	if err != nil || string(plain) != `{"a":1}` {
		t.Errorf("DecryptCMS = %q, %v", plain, err)
	}
}

func TestDecryptCMSFails(t *testing.T) {
	dir := fixture(t)
	key := filepath.Join(dir, "key.pem")
	tests := []struct {
		name    string
		command Command
		keyPath string
		want    string
	}{
		{"not CMS", Command{}, key, "openssl cms: exit status"},
		{"no key", Command{}, filepath.Join(dir, "none.pem"), "openssl cms: exit status"},
		{"no openssl", Command{Path: "openssl-is-not-here"}, key, "cannot run openssl, which this kind of encryption needs"},
		{"no openssl by path", Command{Path: "/nowhere/openssl"}, key, "cannot run openssl, which this kind of encryption needs"},
		{"too long", Command{Path: script(t, "sleep 60 & wait"), Timeout: 50 * time.Millisecond}, key, "cannot wait for openssl: context deadline exceeded"},
		{"too much", Command{Path: script(t, "exec cat /dev/zero")}, key, "openssl cms:"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plain, err := test.command.DecryptCMS(context.Background(), []byte("nonsense"), test.keyPath)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("DecryptCMS = %q, %v; want %q", plain, err, test.want)
			}
		})
	}
}

// The whole group must go: a child of the child would keep the pipe open otherwise, and the call
// would last until waitDelay forces it.
func TestTimeoutEndsTheWholeGroup(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	command := Command{Path: script(t, "sleep 60 & echo $! > "+pidFile+"; wait"), Timeout: 2 * time.Second}
	if _, err := command.DecryptCMS(context.Background(), nil, "key"); err == nil {
		t.Fatal("the call succeeded")
	}
	pid, err := os.ReadFile(pidFile)
	if err != nil || len(pid) == 0 {
		t.Skip("the machine is too slow for this test: the child did not come to write its number")
	}
	// It closes the pipe before it is dead.
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		state, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(pid)), "stat"))
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the grandchild still lives: %s", state)
		}
	}
}
