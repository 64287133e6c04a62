package machine_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
	"docker-extension/test/vm"
)

// The extension of this test logs the secret in its settings' stead, starts a daemon with the secret
// in its environment, and hangs when a file says so.
const script = `#!/bin/sh
[ "$1" = enable ] || exit 0
if [ -f /root/hang ]; then sleep 1000; fi
echo "token=correct-horse-battery" | systemd-cat -t leaky
TOKEN=correct-horse-battery setsid sleep 1000 &
cat >status/$ConfigSequenceNumber.status <<END
[{"status": {"status": "success", "formattedMessage": {"lang": "en", "message": "boot $(cut -c1-8 /proc/sys/kernel/random/boot_id)"}}}]
END
`

const manifest = `[{"handlerManifest": {"installCommand": "run install", "enableCommand": "run enable",
  "disableCommand": "run disable", "updateCommand": "run update", "uninstallCommand": "run uninstall"}}]`

func leaky(t *testing.T) agent.Package {
	t.Helper()
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for name, content := range map[string]string{"HandlerManifest.json": manifest, "run": script} {
		stream, err := writer.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return agent.Package{Version: "1.0.0", Zip: archive.Bytes()}
}

func TestAgentInAVM(t *testing.T) {
	booted := machine.VM{VM: vm.ForTest(t, "bookworm")}
	a, err := agent.New(booted, agent.Options{Name: "Test.Leaky", Timeouts: agent.Timeouts{Enable: 10 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	settings := agent.Settings{Public: json.RawMessage(`{}`), Protected: json.RawMessage(`{"token": "correct-horse-battery"}`)}
	if err := a.Enable(t.Context(), leaky(t), settings); err != nil {
		t.Fatal(err)
	}
	t.Run("secrets are found", func(t *testing.T) { findLeaks(t, booted) })
	t.Run("a reboot enables again", func(t *testing.T) {
		if err := a.Reboot(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(a.Order(), ", "); got != "1.0.0 install, 1.0.0 enable, 1.0.0 enable" {
			t.Errorf("calls: %s", got)
		}
	})
	t.Run("a timeout kills inside the VM", func(t *testing.T) {
		if err := booted.WriteFile("/root/hang", 0o600, nil); err != nil {
			t.Fatal(err)
		}
		var failed *agent.OperationError
		if err := a.EnableAgain(t.Context()); !errors.As(err, &failed) || failed.Code != agent.CodeTimeout {
			t.Errorf("got %v, want a timeout", err)
		}
	})
}

func findLeaks(t *testing.T, booted machine.VM) {
	leaks, err := agent.SecretScan(t.Context(), booted, map[string]string{"token": "correct-horse-battery"}, "/var/lib/waagent/*/run",
		"/var/lib/waagent/*.zip")
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for _, leak := range leaks {
		place := leak.Place
		if strings.HasPrefix(place, "/proc/") {
			place = "/proc/PID" + place[strings.LastIndex(place, "/"):]
		}
		if strings.Contains(place, "/journal/") {
			continue // the journal's own file; the entry is reported as well
		}
		places = append(places, place)
	}
	if got := strings.Join(places, ", "); got != "/proc/PID/environ, journal" {
		t.Errorf("found in %q, want the daemon's environment and the journal", got)
	}
}
