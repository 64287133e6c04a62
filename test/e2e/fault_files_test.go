package e2e

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/pki"
)

const (
	daemonJSON = "/etc/docker/daemon.json"
	stateDir   = "/var/lib/docker-extension"
)

// fileMishaps are those of the engine's configuration: what stands where a file of ours should.
func fileMishaps() []mishap {
	return []mishap{
		{name: "daemon.json invalid", brief: true, code: codeHostConfig, strike: replacing(daemonJSON, "{\n  \"debug\": true,\n}\n"),
			says: []string{daemonJSON + ": is not JSON (line 3, column 1)", "repair or remove the file"}},
		{name: "daemon.json empty", strike: script(": >" + daemonJSON)},
		{name: "daemon.json a list", code: codeHostConfig, strike: replacing(daemonJSON, "[]"), says: []string{daemonJSON, "repair or remove the file"}},
		{name: "daemon.json a directory", brief: true, code: codeHostFiles, strike: instead(daemonJSON, "mkdir PATH"),
			says: []string{daemonJSON + ": cannot read: it is a directory", "put a regular file in its place, or remove it"}},
		{name: "daemon.json a symlink", brief: true, code: codeHostFiles, strike: instead(daemonJSON, "ln -s /etc/passwd PATH"),
			says: []string{daemonJSON + ": cannot read: it is a symbolic link", "put a regular file in its place, or remove it"}},
		{name: "daemon.json a named pipe", code: codeHostFiles, strike: instead(daemonJSON, "mkfifo PATH"),
			says: []string{daemonJSON + ": cannot read: it is a named pipe", "put a regular file in its place, or remove it"}},
		{name: "daemon.json of 10 MB", brief: true, code: codeHostConfig,
			strike: instead(daemonJSON, "{ printf '{\"labels\":[\"'; head -c 10000000 /dev/zero | tr '\\0' x; printf '\"]}'; } >PATH"),
			says:   []string{daemonJSON + ": is larger than 1048576 bytes", "repair or remove the file"}},
		{name: "daemon.json of another user", brief: true, strike: script("chown nobody:nogroup " + daemonJSON + "; chmod 666 " + daemonJSON)},
		{name: "daemon.json removed", strike: script("rm " + daemonJSON)},
		{name: "key a directory", code: codeHostFiles, strike: instead("/etc/docker/key.pem", "mkdir PATH"),
			says: []string{"/etc/docker/key.pem: cannot read: it is a directory"}},
		{name: "certificates removed", strike: script("rm /etc/docker/*.pem")},
		{name: "listener removed", strike: script("rm -r /etc/systemd/system/docker.socket.d")},
		{name: "settings of 10 MB", brief: true, code: codeSettingsFile, strike: nothing, settings: hugeSettings, says: []string{"larger than"}},
		{name: "settings of 20000 mistakes", code: codeSettingsInvalid, strike: nothing, settings: manyMistakes, says: []string{"is not a known key"}},
		{name: "clock 10 years ahead", brief: true, code: codeSettingsInvalid, strike: nothing, settings: datedSettings(-10),
			says: []string{"protectedSettings.certs.cert: expired on", "make a new certificate and send it"}},
		{name: "clock 10 years behind", brief: true, code: codeSettingsInvalid, strike: nothing, settings: datedSettings(10),
			says: []string{"protectedSettings.certs.cert: is not valid before", "check the clock"}},
	}
}

// script breaks the VM in a way that enable is to get over.
func script(text string) func(*lab) func() {
	return func(l *lab) func() {
		l.sh(text)
		return nil
	}
}

// nothing is for rows whose settings are the mishap.
func nothing(*lab) func() { return func() {} }

// undone breaks the VM by one script and mends it by another.
func undone(breaks, mends string) func(*lab) func() {
	return func(l *lab) func() {
		l.sh(breaks)
		return func() { l.sh(mends) }
	}
}

// instead moves a file away and makes something else of its name, which the command has as PATH.
func instead(path, command string) func(*lab) func() {
	return undone(fmt.Sprintf("mv %[1]s %[1]s.away; ", path)+strings.ReplaceAll(command, "PATH", path), fmt.Sprintf("rm -rf %[1]s; mv %[1]s.away %[1]s", path))
}

func hugeSettings(l *lab) agent.Settings {
	return l.remote(fmt.Sprintf(`{"docker":{"port":2376},"compose-environment":{"A":"%s"}}`, strings.Repeat("x", 10_000_000)))
}

func manyMistakes(l *lab) agent.Settings {
	wrong := map[string]int{}
	for i := range 20000 {
		wrong[fmt.Sprintf("key%d", i)] = i
	}
	body, err := json.Marshal(wrong)
	if err != nil {
		l.Fatal(err)
	}
	return l.remote(string(body))
}

// datedSettings gives certificates as they are when the VM's clock is that many years off: to the engine
// and to us, a clock that is ahead means certificates that have ended.
func datedSettings(years int) func(*lab) agent.Settings {
	return func(l *lab) agent.Settings {
		pair, err := l.keys.Authority.Issue(pki.Leaf{
			Name: "server", IPs: parseIP(l.vm.Address()), Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			From: time.Now().AddDate(years, 0, -1), To: time.Now().AddDate(years, 6, 0),
		})
		if err != nil {
			l.Fatal(err)
		}
		return l.settings(`{"docker":{"port":2376}}`, &pki.Triple{CA: string(l.keys.Authority.Cert), Cert: string(pair.Cert), Key: string(pair.Key)})
	}
}
