package dockerd

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// installed gives the release of the dockerd on this host, and what asks it whether it would start with a
// daemon.json. Where there is none that can say so (23.0 and later), the test is skipped.
func installed(t *testing.T) (number string, validate func(file map[string]json.RawMessage) (string, bool)) {
	t.Helper()
	binary, err := exec.LookPath("dockerd")
	if err != nil {
		t.Skip("no dockerd on this host")
	}
	version, _ := exec.Command(binary, "--version").Output()
	number = regexp.MustCompile(`\d+\.\d+`).FindString(string(version))
	if release(number) < release("23.0") {
		t.Skipf("dockerd %s has no --validate", number)
	}
	return number, func(file map[string]json.RawMessage) (string, bool) {
		path := filepath.Join(t.TempDir(), "daemon.json")
		if err := os.WriteFile(path, marshal(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"--validate", "--config-file", path}
		if file["userland-proxy"] == nil && file["userland-proxy-path"] == nil {
			args = append(args, "--userland-proxy=false")
		}
		out, err := exec.Command(binary, args...).CombinedOutput()
		return string(out), err == nil
	}
}

// Where there is a dockerd that can validate, ask it about every key that we would write, and about every
// value that we refuse for its type.
func TestInstalledDockerdAgrees(t *testing.T) {
	number, validate := installed(t)
	for _, f := range Flags() {
		if f.Removed != "" || f.Refused != "" || f.Long == "host" || release(f.Since) > release(number) {
			continue
		}
		keys, _, _ := Translate([]string{"--" + f.Long + "=" + goodValue(f)}, "x")
		if out, ok := validate(keys); !ok {
			t.Errorf("dockerd %s does not take %s: %s", number, marshal(keys), out)
		}
	}
	for _, k := range Keys() {
		known := k.Since == "" || release(k.Since) <= release(number)
		wrong := json.RawMessage(`[[7]]`)
		if k.Kind == Proxies { // dockerd looks inside of it for unknown keys first
			wrong = json.RawMessage(`{"http-proxy":[7]}`)
		}
		out, ok := validate(map[string]json.RawMessage{k.Name: wrong})
		if known && k.Removed == "" && (ok || strings.Contains(out, "don't match any configuration option")) && k.Name != "allow-nondistributable-artifacts" {
			t.Errorf("dockerd %s and the table differ on %s: %s", number, k.Name, out)
		}
		if !known && !strings.Contains(out, "don't match any configuration option") {
			t.Errorf("dockerd %s knows %s, which is said to be new in %s: %s", number, k.Name, k.Since, out)
		}
	}
}

// Of what a key may be, an empty string and the words of a few keys are the least plain.
func TestInstalledDockerdAgreesOnWords(t *testing.T) {
	number, validate := installed(t)
	for _, k := range Keys() {
		if k.Removed != "" || k.Refused != "" || release(k.Since) > release(number) {
			continue
		}
		words := []string{""}
		for _, word := range choices(k.Name) {
			words = append(words, word, strings.ToUpper(word), word+"x")
		}
		for _, word := range words {
			file := map[string]json.RawMessage{k.Name: marshal(word)}
			if k.Name == "userland-proxy-path" {
				file["userland-proxy"] = json.RawMessage("false")
			}
			out, ok := validate(file)
			if faults := CheckDaemon(file, "x"); ok != (len(faults) == 0) {
				t.Errorf("dockerd %s and we differ on %s: %s, %v", number, marshal(file), out, faults)
			}
		}
	}
}

// goodValue is a value that passes dockerd's own checks, too.
func goodValue(f Flag) string {
	special := map[string]string{
		"userland-proxy-path": "/bin/true", "fixed-cidr-v6": "2001:db8::/64", "exec-opt": "native.cgroupdriver=systemd",
		"bridge-accept-fwmark": "1", "dns-search": "example.com", "node-generic-resource": "a=b", "userns-remap": "root",
		"userland-proxy": "false",
	}
	if value, ok := special[f.Long]; ok {
		return value
	}
	return sample(f)
}
