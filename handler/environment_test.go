package handler

import (
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// written is what agent 2.15 writes, to the letter.
const written = `[{"name": "Test.Pub.Docker", "version": 1.0, "handlerEnvironment": {
  "logFolder": "/var/log/azure/Test.Pub.Docker",
  "configFolder": "/var/lib/waagent/Test.Pub.Docker-1.0.0/config",
  "statusFolder": "/var/lib/waagent/Test.Pub.Docker-1.0.0/status",
  "heartbeatFile": "/var/lib/waagent/Test.Pub.Docker-1.0.0/heartbeat.log",
  "eventsFolder": "/var/log/azure/Test.Pub.Docker/events",
  "eventsFolder_preview": "/var/log/azure/Test.Pub.Docker/events"}}]`

const base = "/var/lib/waagent/Test.Pub.Docker-1.0.0"

var fromAgent = Environment{
	Name:          "Test.Pub.Docker",
	ConfigFolder:  base + "/config",
	StatusFolder:  base + "/status",
	LogFolder:     "/var/log/azure/Test.Pub.Docker",
	EventsFolder:  "/var/log/azure/Test.Pub.Docker/events",
	HeartbeatFile: base + "/heartbeat.log",
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, root files.Root, path, content string) {
	t.Helper()
	must(t, root.Write(path, state.File{Exists: true, Mode: 0o644, Content: []byte(content)}))
}

func environ(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

// wantFault checks code and words of an error.
func wantFault(t *testing.T, err error, code fault.Code, says string) {
	t.Helper()
	if fault.CodeOf(err) != code || !strings.Contains(fault.Sentence(err, 0), says) {
		t.Errorf("the error is %d %q, want %d with %q", fault.CodeOf(err), fault.Sentence(err, 0), code, says)
	}
}

func TestParseEnvironment(t *testing.T) {
	least := `{"configFolder":"/c","statusFolder":"/s"}`
	for name, c := range map[string]struct {
		content string
		want    Environment
	}{
		"as written":       {written, fromAgent},
		"byte order mark":  {"\xef\xbb\xbf" + written, fromAgent},
		"the least":        {`[{"handlerEnvironment":` + least + `}]`, Environment{ConfigFolder: "/c", StatusFolder: "/s"}},
		"nulls":            {`[{"name":null,"version":null,"handlerEnvironment":{"configFolder":"/c","statusFolder":"/s","logFolder":null,"eventsFolder":null}}]`, Environment{ConfigFolder: "/c", StatusFolder: "/s"}},
		"only the preview": {`[{"handlerEnvironment":{"configFolder":"/c","statusFolder":"/s","eventsFolder_preview":"/e"}}]`, Environment{ConfigFolder: "/c", StatusFolder: "/s", EventsFolder: "/e"}},
		"unknown keys":     {`[{"x":1,"handlerEnvironment":{"configFolder":"/c","statusFolder":"/s","deploymentid":"d"}}]`, Environment{ConfigFolder: "/c", StatusFolder: "/s"}},
	} {
		if got, err := ParseEnvironment([]byte(c.content)); err != nil || got != c.want {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}

func TestParseEnvironmentFaults(t *testing.T) {
	for name, c := range map[string]struct{ content, says string }{
		"empty":           {"", "cannot read it as JSON"},
		"cut off":         {written[:100], "cannot read it as JSON"},
		"no array":        {`{"handlerEnvironment":{}}`, "cannot read it as JSON"},
		"empty array":     {`[]`, "handlerEnvironment: is missing"},
		"null":            {`null`, "handlerEnvironment: is missing"},
		"null entry":      {`[null]`, "handlerEnvironment: is missing"},
		"no config":       {`[{"handlerEnvironment":{"statusFolder":"/s"}}]`, "configFolder: is missing"},
		"no status":       {`[{"handlerEnvironment":{"configFolder":"/c"}}]`, "statusFolder: is missing"},
		"relative status": {`[{"handlerEnvironment":{"configFolder":"/c","statusFolder":"s"}}]`, "statusFolder: is not an absolute path"},
		"relative events": {`[{"handlerEnvironment":{"configFolder":"/c","statusFolder":"/s","eventsFolder":"e"}}]`, "eventsFolder: is not an absolute path"},
		"number":          {`[{"handlerEnvironment":{"configFolder":1,"statusFolder":"/s"}}]`, "cannot read it as JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseEnvironment([]byte(c.content))
			wantFault(t, err, fault.Environment, c.says)
			wantFault(t, err, fault.Environment, "restart the agent")
		})
	}
}

func FuzzParseEnvironment(f *testing.F) {
	f.Add([]byte(written))
	f.Add([]byte(`[{"handlerEnvironment":null}]`))
	f.Fuzz(func(t *testing.T, content []byte) {
		env, err := ParseEnvironment(content)
		if err != nil {
			if fault.CodeOf(err) != fault.Environment {
				t.Errorf("the code is %d", fault.CodeOf(err))
			}
			return
		}
		for _, path := range []string{env.ConfigFolder, env.StatusFolder} {
			if !filepath.IsAbs(path) {
				t.Errorf("accepted the folder %q", path)
			}
		}
	})
}

func TestFindEnvironment(t *testing.T) {
	const exe = base + "/bin/amd64/program"
	for name, c := range map[string]struct{ at, agentSays, wantDir string }{
		"where the agent says":      {"/elsewhere", "/elsewhere", "/elsewhere"},
		"next to the program":       {base + "/bin/amd64", "", base + "/bin/amd64"},
		"one above":                 {base + "/bin", "", base + "/bin"},
		"two above":                 {base, "", base},
		"two above, agent is wrong": {base, "/nowhere", base},
		"a relative path is passed": {base, "relative", base},
	} {
		t.Run(name, func(t *testing.T) {
			root := files.New(t.TempDir())
			put(t, root, c.at+"/HandlerEnvironment.json", written)
			env, dir, err := FindEnvironment(root, environ(envExtensionPath, c.agentSays), exe)
			if err != nil || dir != c.wantDir || env != fromAgent {
				t.Errorf("got %+v in %q, %v", env, dir, err)
			}
		})
	}
}

func TestFindEnvironmentFaults(t *testing.T) {
	root := files.New(t.TempDir())
	put(t, root, "/var/lib/HandlerEnvironment.json", written) // three above: not ours
	_, _, err := FindEnvironment(root, environ(envExtensionPath, "/x"), "/var/lib/a/b/c/program")
	wantFault(t, err, fault.Environment, "cannot be found in /x, /var/lib/a/b/c, /var/lib/a/b, /var/lib/a (let the agent")

	put(t, root, "/x/HandlerEnvironment.json", "[]")
	_, _, err = FindEnvironment(root, environ(envExtensionPath, "/x"), "/p")
	wantFault(t, err, fault.Environment, "/x/HandlerEnvironment.json, [0].handlerEnvironment: is missing")

	must(t, root.MakeDir("/y/HandlerEnvironment.json", 0o755))
	_, _, err = FindEnvironment(root, environ(envExtensionPath, "/y"), "/p")
	wantFault(t, err, fault.Environment, "/y/HandlerEnvironment.json: cannot read: it is a directory")
}
