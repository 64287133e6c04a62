package agent_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"testing"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
)

// fakeScript is the whole extension that these tests play with. It notes each call beside the handler
// folders, runs what a test put into a file named after the verb, and reports success.
const fakeScript = `verb=$1
{ echo "$AZURE_GUEST_AGENT_EXTENSION_VERSION $verb"; } >>../fake.log
env | sort >"../env.$verb"
pwd >"../cwd.$verb"
ps -o pid=,pgid=,sid= -p $$ >"../ids.$verb"
[ -f "../do.$verb" ] && . "../do.$verb"
[ "$verb" = enable ] && cat >status/$ConfigSequenceNumber.status <<END
[{"version": 1.0, "status": {"operation": "Enable", "status": "success", "code": 0,
  "formattedMessage": {"lang": "en-US", "message": "done by $AZURE_GUEST_AGENT_EXTENSION_VERSION"}}}]
END
exit 0
`

// fakeManifest is the manifest with updateMode and continueOnUpdateFailure to be filled in.
const fakeManifest = "\xef\xbb\xbf" + `[{"name": "Fake", "version": 1, "handlerManifest": {
  "installCommand": "bin/fake install", "enableCommand": "/bin/fake enable", "disableCommand": "bin/fake disable",
  "updateCommand": "bin/fake update", "uninstallCommand": "bin/fake uninstall" EXTRA}}]`

// newPackage zips the fake extension; extra is added to its manifest. One entry is a symbolic link.
func newPackage(t *testing.T, version, extra string) agent.Package {
	t.Helper()
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for _, entry := range []struct {
		name, content string
		mode          fs.FileMode
	}{
		{"HandlerManifest.json", strings.Replace(fakeManifest, "EXTRA", extra, 1), 0o600},
		{"bin/fake", "#!/bin/sh\n" + fakeScript, 0o755},
		{"bin/link", "fake", 0o777 | fs.ModeSymlink},
		{"../../escape", "out", 0o644},
	} {
		header := &zip.FileHeader{Name: entry.name, Method: zip.Deflate}
		header.SetMode(entry.mode)
		stream, err := writer.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Write([]byte(entry.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return agent.Package{Version: version, Zip: archive.Bytes()}
}

// bed is an agent on a root folder of its own.
type bed struct {
	*testing.T
	*agent.Agent
	machine *machine.Local
}

// tenant is one certificate for all tests: making its key takes longer than most of them.
var tenant = sync.OnceValues(agent.NewTenant)

func newBed(t *testing.T, timeouts agent.Timeouts) bed {
	t.Helper()
	local, err := machine.NewLocal(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tenant()
	if err != nil {
		t.Fatal(err)
	}
	a, err := agent.New(local, agent.Options{Name: "Test.Fake", Timeouts: timeouts, Tenant: certificate})
	if err != nil {
		t.Fatal(err)
	}
	return bed{t, a, local}
}

// lib gives the host path of a file in the agent's folder.
func (b bed) lib(elements ...string) string {
	return b.machine.HostPath(path.Join(append([]string{agent.LibDir}, elements...)...))
}

// do makes the fake run script when it is called with verb.
func (b bed) do(verb, script string) {
	b.Helper()
	if err := os.WriteFile(b.lib("do."+verb), []byte(script), 0o644); err != nil {
		b.Fatal(err)
	}
}

func (b bed) read(elements ...string) string {
	b.Helper()
	content, err := os.ReadFile(b.lib(elements...))
	if err != nil {
		b.Fatal(err)
	}
	return string(content)
}

func (b bed) mode(elements ...string) fs.FileMode {
	b.Helper()
	info, err := os.Lstat(b.lib(elements...))
	if err != nil {
		b.Fatal(err)
	}
	return info.Mode()
}

func (b bed) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// enable enables the fake with settings that have both parts.
func (b bed) enable(pkg agent.Package) {
	b.Helper()
	b.must(b.Enable(b.Context(), pkg, agent.Settings{
		Public: json.RawMessage(`{"b": "é", "a": [1,2]}`), Protected: json.RawMessage(`{"password": "hunter2hunter2"}`),
	}))
}

func (b bed) order(want ...string) {
	b.Helper()
	got := strings.Join(b.Order(), ", ")
	if want := strings.Join(want, ", "); got != want {
		b.Errorf("calls:\n got %s\nwant %s", got, want)
	}
	if logged := strings.ReplaceAll(strings.TrimSpace(b.read("fake.log")), "\n", ", "); logged != got {
		b.Errorf("the fake was called %s, the agent says %s", logged, got)
	}
}
