package handler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/oplog"
	"docker-extension/internal/state"
)

// agentSide is a host as the agent leaves it before it runs a command.
type agentSide struct {
	Handler
	root           files.Root
	stdout, stderr bytes.Buffer
}

func newAgentSide(t *testing.T, verb Verb, env ...string) *agentSide {
	t.Helper()
	a := &agentSide{root: files.New(t.TempDir())}
	put(t, a.root, base+"/HandlerEnvironment.json", written)
	for _, dir := range []string{base + "/config", base + "/status", fromAgent.EventsFolder} {
		must(t, a.root.MakeDir(dir, 0o700))
	}
	verbs := map[string]Verb{}
	for _, name := range []string{"install", "enable", "disable", "update", "uninstall"} {
		verbs[name] = verb
	}
	a.Handler = Handler{
		Root: a.root, Executable: base + "/bin/program", Version: "9.9.9", Getenv: environ(env...),
		Stdout: &a.stdout, Stderr: &a.stderr, Now: time.Now, Verbs: verbs, grace: time.Millisecond,
	}
	return a
}

func (a *agentSide) log(t *testing.T) string {
	t.Helper()
	file, err := a.root.Read(oplog.Path(fromAgent.LogFolder))
	must(t, err)
	return string(file.Content)
}

func (a *agentSide) events(t *testing.T) string {
	t.Helper()
	entries, err := a.root.List(fromAgent.EventsFolder)
	must(t, err)
	var all string
	for _, e := range entries {
		file, err := a.root.Read(filepath.Join(fromAgent.EventsFolder, e.Name()))
		must(t, err)
		if err := agentTakes(file.Content); err != nil {
			t.Error(err)
		}
		all += string(file.Content)
	}
	return all
}

func succeed(context.Context, *Call) (Outcome, error) {
	return Outcome{Status: Success, Message: "all is well"}, nil
}

func TestRunReportsSuccess(t *testing.T) {
	a := newAgentSide(t, succeed, envSequence, "3")
	if exit := a.Run(t.Context(), "enable"); exit != 0 {
		t.Errorf("exit %d, stderr %q", exit, a.stderr.String())
	}
	if a.stdout.String() != "all is well\n" || a.stderr.Len() != 0 {
		t.Errorf("stdout %q, stderr %q", a.stdout.String(), a.stderr.String())
	}
	if _, doc := statusFile(t, a.root, base+"/status/3.status"); doc.Status.Status != "success" || doc.Status.Operation != "enable" {
		t.Errorf("status is %+v", doc.Status)
	}
	if log := a.log(t); !strings.Contains(log, "msg=started op=enable seq=3 version=9.9.9") || !strings.Contains(log, `msg="done: all is well" op=enable seq=3 took=`) {
		t.Errorf("the log is %q", log)
	}
	if events := a.events(t); strings.Count(events, "\n") != 1 || !strings.Contains(events, `"TaskName":"enable","EventLevel":"Informational","Message":"all is well"`) {
		t.Errorf("the events are %q", events)
	}
}

func TestRunReportsFailureBeforeItExits(t *testing.T) {
	trouble := fault.New(fault.EngineStart, "docker.service", "read the journal", "cannot start: %w", errors.New("no"))
	a := newAgentSide(t, func(_ context.Context, c *Call) (Outcome, error) {
		return Outcome{Substatuses: []Substatus{{Name: "start", Status: Error, Message: "no"}}}, trouble
	}, envSequence, "3")
	if exit := a.Run(t.Context(), "enable"); exit != 53 {
		t.Errorf("exit %d, want 53", exit)
	}
	want := "docker.service: cannot start: no (read the journal) [log: /var/log/azure/Test.Pub.Docker/docker-extension.log]"
	_, doc := statusFile(t, a.root, base+"/status/3.status")
	if doc.Status.Status != "error" || doc.Status.Code != 53 || doc.Status.Message.Message != want || len(doc.Status.Substatus) != 1 {
		t.Errorf("status is %+v", doc.Status)
	}
	if a.stderr.String() != want+"\n" || a.stdout.Len() != 0 {
		t.Errorf("stdout %q, stderr %q", a.stdout.String(), a.stderr.String())
	}
	if !strings.Contains(a.log(t), "level=error") || !strings.Contains(a.events(t), `"EventLevel":"Error","Message":"docker.service: cannot start`) {
		t.Errorf("log %q, events %q", a.log(t), a.events(t))
	}
}

func TestRunTellsTheVerbWhatTheAgentSaid(t *testing.T) {
	var got *Call
	a := newAgentSide(t, func(_ context.Context, c *Call) (Outcome, error) { got = c; return Outcome{}, nil },
		envExtensionPath, base, envExtensionVersion, "1.0.0", envUpdatingFrom, "0.9.0", envTargetVersion, "1.0.0")
	put(t, a.root, base+"/config/5.settings", wrap(`{"publicSettings":{"a":1}}`))
	if exit := a.Run(t.Context(), "update"); exit != 0 || a.stdout.String() != "update is done\n" {
		t.Fatalf("exit %d, stdout %q", exit, a.stdout.String())
	}
	if got.Operation != "update" || got.Sequence != 5 || got.HandlerDir != base || got.Environment != fromAgent {
		t.Errorf("the call is %+v", got)
	}
	if got.Version != "1.0.0" || got.UpdatingFrom != "0.9.0" || got.TargetVersion != "1.0.0" {
		t.Errorf("the versions are %q %q %q", got.Version, got.UpdatingFrom, got.TargetVersion)
	}
	if envelope, err := got.ReadSettings(); err != nil || string(envelope.Public) != `{"a":1}` {
		t.Errorf("the settings are %v, %v", envelope, err)
	}
	if a.root.Exists(got.Report.Path()) {
		t.Error("an Outcome without a status wrote one")
	}
}

func TestRunReadsSettingsOnlyForVerbsThatAsk(t *testing.T) {
	reader := func(_ context.Context, c *Call) (Outcome, error) {
		_, err := c.ReadSettings()
		return Outcome{Status: Success}, err
	}
	for name, content := range map[string]string{"broken": "{hunter2", "not there": ""} {
		t.Run(name, func(t *testing.T) {
			a := newAgentSide(t, succeed, envSequence, "4")
			a.Verbs["enable"] = reader
			if content != "" {
				put(t, a.root, base+"/config/4.settings", content)
			}
			if exit := a.Run(t.Context(), "disable"); exit != 0 {
				t.Errorf("disable: exit %d", exit)
			}
			if exit := a.Run(t.Context(), "enable"); exit != int(fault.SettingsFile) {
				t.Errorf("enable: exit %d", exit)
			}
			raw, doc := statusFile(t, a.root, base+"/status/4.status")
			if doc.Status.Status != "error" || doc.Status.Code != fault.SettingsFile || bytes.Contains(raw, []byte("hunter2")) {
				t.Errorf("status is %s", raw)
			}
		})
	}
}

func TestRunTurnsAPanicIntoAStatus(t *testing.T) {
	a := newAgentSide(t, func(context.Context, *Call) (Outcome, error) { panic("the cat, and hunter2") }, envSequence, "3")
	if exit := a.Run(t.Context(), "enable"); exit != int(fault.Internal) {
		t.Errorf("exit %d", exit)
	}
	raw, doc := statusFile(t, a.root, base+"/status/3.status")
	if doc.Status.Status != "error" || doc.Status.Code != fault.Internal {
		t.Errorf("status is %s", raw)
	}
	if strings.Contains(string(raw)+a.stderr.String()+a.events(t), "the cat") {
		t.Errorf("the panic's own words are in %s or %s", raw, a.stderr.String())
	}
	if log := a.log(t); !strings.Contains(log, "panic: the cat") || !strings.Contains(log, "handler_test.go") {
		t.Errorf("the log has no stack: %q", log)
	}
}

func TestRunKeepsSecretsOut(t *testing.T) {
	for name, end := range map[string]func() (Outcome, error){
		"success": func() (Outcome, error) { return Outcome{Status: Success, Message: "hunter2 is well"}, nil },
		"error":   func() (Outcome, error) { return Outcome{}, errors.New("hunter2 is not well") },
		"panic":   func() (Outcome, error) { panic("hunter2") },
	} {
		t.Run(name, func(t *testing.T) {
			a := newAgentSide(t, func(_ context.Context, c *Call) (Outcome, error) {
				c.Secrets.Add("hunter2")
				c.Log.WithField("p", "hunter2").Info("hunter2")
				must(t, c.Report.Report(Transitioning, "hunter2", []Substatus{{Name: "hunter2", Message: "hunter2"}}))
				return end()
			}, envSequence, "3")
			a.Run(t.Context(), "enable")
			raw, _ := statusFile(t, a.root, base+"/status/3.status")
			if all := string(raw) + a.log(t) + a.events(t) + a.stdout.String() + a.stderr.String(); strings.Contains(all, "hunter2") {
				t.Errorf("a secret is in %s", all)
			}
		})
	}
}

func TestRunPrintsShortLines(t *testing.T) {
	a := newAgentSide(t, func(context.Context, *Call) (Outcome, error) {
		return Outcome{}, errors.New(strings.Repeat("line\n", 5000))
	}, envSequence, "3")
	a.Run(t.Context(), "install")
	if out := a.stderr.String(); len(out) > MessageMax+1 || strings.Count(out, "\n") != 1 {
		t.Errorf("stderr has %d bytes in %d lines", len(out), strings.Count(out, "\n"))
	}
}

func TestRunWithoutAStatusFolder(t *testing.T) {
	a := newAgentSide(t, succeed, envSequence, "3")
	must(t, a.root.RemoveTree(base+"/status"))
	if exit := a.Run(t.Context(), "enable"); exit != int(fault.HostFiles) {
		t.Errorf("exit %d: a status that nobody can read is no success", exit)
	}

	a = newAgentSide(t, func(context.Context, *Call) (Outcome, error) {
		return Outcome{}, fault.New(fault.Unsupported, "", "", "the system is not known")
	}, envSequence, "3")
	must(t, a.root.RemoveTree(base+"/status"))
	if exit := a.Run(t.Context(), "enable"); exit != 51 {
		t.Errorf("exit %d, want that of the first error", exit)
	}
	lines := strings.Split(strings.TrimSpace(a.stderr.String()), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "the system is not known") || !strings.Contains(lines[1], "cannot write the status") {
		t.Errorf("stderr is %q", lines)
	}
}

func TestRunWithoutALogFolder(t *testing.T) {
	a := newAgentSide(t, succeed, envSequence, "3")
	must(t, a.root.RemoveTree(fromAgent.LogFolder))
	put(t, a.root, fromAgent.LogFolder, "a file where the folder should be")
	if exit := a.Run(t.Context(), "enable"); exit != 0 || a.stdout.String() != "all is well\n" || a.stderr.Len() != 0 {
		t.Errorf("exit %d, stdout %q, stderr %q", exit, a.stdout.String(), a.stderr.String())
	}
}

func TestRunWithoutWhatTheAgentGives(t *testing.T) {
	for name, c := range map[string]struct {
		env  []string
		says string
	}{
		"sequence number": {[]string{envSequence, "x"}, "ConfigSequenceNumber: is not a sequence number"},
		"multi-config":    {[]string{envSequence, "1", envExtensionName, "web"}, "ConfigExtensionName: is set"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAgentSide(t, succeed, c.env...)
			if exit := a.Run(t.Context(), "enable"); exit != int(fault.Environment) || !strings.HasPrefix(a.stderr.String(), c.says) {
				t.Errorf("exit %d, stderr %q", exit, a.stderr.String())
			}
		})
	}
	a := newAgentSide(t, succeed)
	must(t, a.root.Remove(base+"/HandlerEnvironment.json"))
	if exit := a.Run(t.Context(), "enable"); exit != int(fault.Environment) || !strings.Contains(a.stderr.String(), "cannot be found") {
		t.Errorf("exit %d, stderr %q", exit, a.stderr.String())
	}
}

func TestRunOfAnUnknownVerb(t *testing.T) {
	a := newAgentSide(t, succeed)
	if exit := a.Run(t.Context(), "reset"); exit != int(fault.Usage) {
		t.Errorf("exit %d", exit)
	}
	want := "unknown command \"reset\"\nusage: program disable|enable|install|uninstall|update\n"
	if a.stderr.String() != want {
		t.Errorf("stderr is %q", a.stderr.String())
	}
}

// TestRunFollowsTheNumberBackwards enables number 9, then number 2, and 2 once more: nothing that an
// earlier run left behind may stop a later one, and each writes the status of its own number.
func TestRunFollowsTheNumberBackwards(t *testing.T) {
	run := 0
	a := newAgentSide(t, func(context.Context, *Call) (Outcome, error) {
		run++
		return Outcome{Status: Success, Message: fmt.Sprint("run ", run)}, nil
	})
	for _, sequence := range []string{"9", "2", "2"} {
		a.Getenv = environ(envSequence, sequence)
		a.Run(t.Context(), "enable")
	}
	for sequence, want := range map[string]string{"9": "run 1", "2": "run 3"} {
		if _, doc := statusFile(t, a.root, base+"/status/"+sequence+".status"); doc.Status.Message.Message != want {
			t.Errorf("%s.status says %q, want %q", sequence, doc.Status.Message.Message, want)
		}
	}
}

// TestRunLeavesTheAgentsFilesAlone compares what the agent wrote before and after.
func TestRunLeavesTheAgentsFilesAlone(t *testing.T) {
	a := newAgentSide(t, succeed, envSequence, "3")
	put(t, a.root, base+"/config/3.settings", "")
	before := map[string]state.File{}
	for _, p := range []string{"/HandlerEnvironment.json", "/config/3.settings"} {
		before[p], _ = a.root.Read(base + p)
	}
	a.Run(t.Context(), "enable")
	for p, want := range before {
		if got, _ := a.root.Read(base + p); !got.Equal(want) {
			t.Errorf("%s was %v and is %v", p, want, got)
		}
	}
	if info, err := os.Stat(a.root.Path(base + "/status/3.status")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the status file has mode %v, %v", info.Mode(), err)
	}
}
