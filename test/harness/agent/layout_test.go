package agent_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
)

const dir = "Test.Fake-1.0.0"

func TestModes(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	for name, want := range map[string]fs.FileMode{
		"":                                 fs.ModeDir | 0o700,
		dir:                                fs.ModeDir | 0o755,
		dir + "/bin":                       fs.ModeDir | 0o755,
		dir + "/bin/fake":                  0o744,
		dir + "/bin/link":                  0o744,
		dir + "/escape":                    0o744,
		dir + "/HandlerManifest.json":      0o744,
		dir + "/HandlerEnvironment.json":   0o644,
		dir + "/config":                    fs.ModeDir | 0o700,
		dir + "/status":                    fs.ModeDir | 0o700,
		dir + "/config/0.settings":         0o644,
		dir + "/config/HandlerState":       0o744,
		dir + "/config/HandlerStatus":      0o644,
		b.Tenant().Thumbprint + ".prv":     0o644,
		"../../log/azure/Test.Fake":        fs.ModeDir | 0o755,
		"../../log/azure/Test.Fake/events": fs.ModeDir | 0o700,
		"../../log/azure/Test.Fake/CommandExecution.log": 0o644,
	} {
		if got := b.mode(name); got != want {
			t.Errorf("%s has mode %v, want %v", name, got, want)
		}
	}
	if manifest := b.read(dir, "HandlerManifest.json"); strings.HasPrefix(manifest, "\xef\xbb\xbf") {
		t.Error("the manifest still has its byte order mark")
	}
	if leftovers, _ := filepath.Glob(b.lib("harness", "*")); len(leftovers) > 0 {
		t.Errorf("left behind: %v", leftovers)
	}
}

func TestHandlerEnvironmentIsTheAgents(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	handler, logs := b.lib(dir), b.machine.HostPath("/var/log/azure/Test.Fake")
	want := `[{"name": "Test.Fake", "version": 1.0, "handlerEnvironment": {"logFolder": "` + logs +
		`", "configFolder": "` + handler + `/config", "statusFolder": "` + handler +
		`/status", "heartbeatFile": "` + handler + `/heartbeat.log", "eventsFolder": "` + logs +
		`/events", "eventsFolder_preview": "` + logs + `/events"}}]`
	if got := b.read(dir, "HandlerEnvironment.json"); got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
}

func TestSettingsAreTheAgents(t *testing.T) {
	sealed, thumbprint := `MIIB"==`, "AB"
	for name, c := range map[string]struct {
		file agent.File
		want string
	}{
		"all null": {agent.File{}, `{"publicSettings": null, "protectedSettings": null, "protectedSettingsCertThumbprint": null}`},
		"both": {agent.File{Public: json.RawMessage(`{"z":"a:b,\"c","é":["😀",1]}`), Protected: &sealed, Thumbprint: &thumbprint},
			`{"publicSettings": {"z": "a:b,\"c", "\u00e9": ["\ud83d\ude00", 1]}, ` +
				`"protectedSettings": "MIIB\"==", "protectedSettingsCertThumbprint": "AB"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.file.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if want := `{"runtimeSettings": [{"handlerSettings": ` + c.want + `}]}`; string(got) != want {
				t.Errorf(" got %s\nwant %s", got, want)
			}
		})
	}
}

func TestNoSettingsIsAnEmptyFile(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.must(b.EnableRaw(t.Context(), newPackage(t, "1.0.0", ""), nil))
	if content := b.read(dir, "config", "0.settings"); content != "" {
		t.Errorf("0.settings holds %q", content)
	}
	if status, err := b.Status(); err != nil || status.State != "" {
		t.Errorf("the agent reports %+v, %v for a handler without settings", status, err)
	}
}

func TestProtectedSettingsDecrypt(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	for _, cipher := range []agent.Cipher{
		{}, {Algorithm: "aes128"}, {Algorithm: "aes192"}, {Algorithm: "aes256"}, {Algorithm: "aes256", OAEP: true},
	} {
		plain := []byte(`{"password": "ü"}`)
		text, err := b.Tenant().Seal(t.Context(), plain, cipher)
		if err != nil {
			t.Fatal(err)
		}
		stem := b.lib(b.Tenant().Thumbprint)
		shell := `base64 -d | openssl cms -inform DER -decrypt -recip "$1.crt" -inkey "$1.prv"`
		decrypt := exec.Command("/bin/sh", "-c", shell, "decrypt", stem)
		decrypt.Stdin = strings.NewReader(text)
		got, err := decrypt.Output()
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%+v decrypts to %q, %v", cipher, got, err)
		}
		if strings.ContainsAny(text, "\r\n ") {
			t.Errorf("%+v is not one line", cipher)
		}
	}
}

func TestTenantFilesHaveLeadingText(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.must(b.RotateTenant()) // the certificate that the other tests share stays out of this
	for _, suffix := range []string{".crt", ".prv"} {
		if text := b.read(b.Tenant().Thumbprint + suffix); !strings.HasPrefix(text, "Bag Attributes") {
			t.Errorf("%s begins with %.20q", suffix, text)
		}
	}
	again, err := agent.New(b.machine, agent.Options{})
	b.must(err)
	if again.Tenant().Thumbprint != b.Tenant().Thumbprint {
		t.Error("a second agent does not find the certificate of the first")
	}
	b.must(b.RotateTenant())
	if _, err := os.Stat(b.lib(again.Tenant().Thumbprint + ".prv")); err == nil {
		t.Error("the old key is still there")
	}
}
