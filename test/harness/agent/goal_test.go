package agent_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
)

// variable gives a variable of the newest call of a verb.
func (b bed) variable(verb, key string) string {
	b.Helper()
	value, found := "", false
	for _, call := range b.Calls() {
		if call.Verb == verb {
			value, found = call.Var(key)
		}
	}
	if !found {
		return "(not set)"
	}
	return value
}

func (b bed) state(version, want string) {
	b.Helper()
	if got := b.read("Test.Fake-"+version, "config", "HandlerState"); got != want {
		b.Errorf("version %s is %s, want %s", version, got, want)
	}
}

func TestEnableInstallsOnce(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	pkg := newPackage(t, "1.0.0", "")
	b.enable(pkg)
	b.state("1.0.0", agent.Enabled)
	b.enable(pkg)
	b.order("1.0.0 install", "1.0.0 enable", "1.0.0 enable")
	if got := b.variable("enable", "ConfigSequenceNumber"); got != "1" {
		t.Errorf("the second settings have the sequence number %s", got)
	}
	status, err := b.HandlerStatus()
	b.must(err)
	if status.Status != "Ready" || status.Message != "Plugin enabled" {
		t.Errorf("the handler's status is %+v", status)
	}
}

func TestEnableAgainKeepsNumberAndBytes(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	before := b.read(dir, "config", "0.settings")
	b.must(b.EnableAgain(t.Context()))
	b.order("1.0.0 install", "1.0.0 enable", "1.0.0 enable")
	if after := b.read(dir, "config", "0.settings"); after != before {
		t.Errorf("the settings changed from %s to %s", before, after)
	}
	if got := b.variable("enable", "ConfigSequenceNumber"); got != "0" {
		t.Errorf("the sequence number became %s", got)
	}
}

func TestSequenceMayGoBack(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	pkg := newPackage(t, "1.0.0", "")
	for _, seq := range []int{7, 3} {
		content, err := agent.File{Public: json.RawMessage(`{}`)}.Bytes()
		b.must(err)
		b.must(b.Apply(t.Context(), agent.Goal{Package: pkg, Seq: seq, Settings: content}))
	}
	if seq, ok := b.Seq(); seq != 3 || !ok {
		t.Errorf("the newest sequence number is %d, want 3", seq)
	}
}

func TestRestartRewritesTheEnvironment(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	b.must(os.WriteFile(b.lib(dir, "HandlerEnvironment.json"), []byte("stale"), 0o644))
	b.must(b.Restart(t.Context()))
	if got := b.read(dir, "HandlerEnvironment.json"); got == "stale" {
		t.Error("HandlerEnvironment.json was not written again")
	}
	if got := b.mode(b.Tenant().Thumbprint + ".prv"); got != 0o400 {
		t.Errorf("the tenant's key has mode %v after a start of the agent", got)
	}
	b.order("1.0.0 install", "1.0.0 enable", "1.0.0 enable")
	if b.Reboot(t.Context()) == nil {
		t.Error("a local machine was rebooted")
	}
}

func TestUpdate(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	b.must(os.WriteFile(b.lib(dir, "mrseq"), []byte("0"), 0o600))
	b.do("uninstall", "exit 7")
	b.must(b.Update(t.Context(), newPackage(t, "1.10.0", `, "continueOnUpdateFailure": true`)))
	b.order("1.0.0 install", "1.0.0 enable", "1.0.0 disable", "1.10.0 update", "1.0.0 uninstall", "1.10.0 install", "1.10.0 enable")
	for _, c := range []struct{ verb, key, want string }{
		{"update", "VERSION", "1.10.0"},
		{"update", "AZURE_GUEST_AGENT_UPDATING_FROM_VERSION", "1.0.0"},
		{"update", "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE", "0"},
		{"update", "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE", "(not set)"},
		{"install", "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE", "7"},
		{"enable", "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE", "7"},
		{"disable", "VERSION", "(not set)"},
	} {
		if got := b.variable(c.verb, c.key); got != c.want {
			t.Errorf("%s: %s=%s, want %s", c.verb, c.key, got, c.want)
		}
	}
	if got := b.read("Test.Fake-1.10.0", "mrseq"); got != "0" {
		t.Errorf("mrseq became %q", got)
	}
	if got := b.mode("Test.Fake-1.10.0", "mrseq"); got != 0o600 {
		t.Errorf("mrseq has mode %v", got)
	}
	if _, err := os.Stat(b.lib(dir)); err == nil {
		t.Error("the old version is still there")
	}
}

func TestUpdateCarriesStatusNotSettings(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	b.enable(newPackage(t, "1.0.0", ""))
	b.must(b.Update(t.Context(), newPackage(t, "1.1.0", "")))
	if got := b.read("Test.Fake-1.1.0", "status", "0.status"); !strings.Contains(got, "done by 1.0.0") {
		t.Errorf("the old status was not copied: %s", got)
	}
	if _, err := os.Stat(b.lib("Test.Fake-1.1.0", "config", "0.settings")); err == nil {
		t.Error("old settings were copied")
	}
	status, err := b.Status()
	b.must(err)
	if status.Message != "done by 1.1.0" {
		t.Errorf("the status is %+v", status)
	}
}

func TestUpdateWithoutInstall(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	b.must(b.Update(t.Context(), newPackage(t, "1.1.0", `, "updateMode": "UpdateWithoutInstall"`)))
	b.order("1.0.0 install", "1.0.0 enable", "1.0.0 disable", "1.1.0 update", "1.0.0 uninstall", "1.1.0 enable")
}

func TestDowngradeRunsTheOldUpdate(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.10.0", ""))
	b.must(b.Update(t.Context(), newPackage(t, "1.9.0", "")))
	b.order("1.10.0 install", "1.10.0 enable", "1.10.0 disable", "1.10.0 update", "1.10.0 uninstall", "1.9.0 install", "1.9.0 enable")
	for _, key := range []string{"VERSION", "AZURE_GUEST_AGENT_UPDATING_FROM_VERSION"} {
		if got := b.variable("update", key); got != "1.9.0" {
			t.Errorf("%s=%s, want the target 1.9.0", key, got)
		}
	}
}

func TestFailedUpdateAndRetry(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	b.do("update", "exit 1")
	newer := newPackage(t, "1.1.0", "")
	var failed *agent.OperationError
	if err := b.Update(t.Context(), newer); !errors.As(err, &failed) || failed.Code != agent.CodeUpdate {
		t.Fatalf("got %v, want a failed update", err)
	}
	b.state("1.1.0", agent.FailedUpgrade)
	b.state("1.0.0", agent.Installed)
	b.do("update", "")
	b.must(b.Update(t.Context(), newer))
	if got := b.variable("update", "AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE"); got != "None" {
		t.Errorf("the skipped disable has the exit code %s", got)
	}
	b.order("1.0.0 install", "1.0.0 enable", "1.0.0 disable", "1.1.0 update", "1.1.0 update", "1.0.0 uninstall", "1.1.0 install", "1.1.0 enable")
}

func TestOldDisableStopsAnUpdate(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	b.do("disable", "exit 3")
	var failed *agent.OperationError
	if err := b.Update(t.Context(), newPackage(t, "1.1.0", "")); !errors.As(err, &failed) || failed.Code != agent.CodeUpdate {
		t.Errorf("got %v, want a failed update", err)
	}
	b.order("1.0.0 install", "1.0.0 enable", "1.0.0 disable")
}

func TestFailedInstallHidesTheStatusAndIsRetried(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.do("install", "exit 51")
	if err := b.Enable(t.Context(), newPackage(t, "1.0.0", ""), agent.Settings{}); err == nil {
		t.Fatal("a failed install went unnoticed")
	}
	handler, extension, err := b.Reported()
	b.must(err)
	if extension != nil || handler.Code != agent.CodeInstall {
		t.Errorf("the agent reports %+v and %+v", handler, extension)
	}
	b.do("install", "")
	b.must(b.EnableAgain(t.Context()))
	b.order("1.0.0 install", "1.0.0 install", "1.0.0 enable")
}

func TestBusyBinaryCostsTheWholeFolder(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.do("install", "exit 1")
	pkg := newPackage(t, "1.0.0", "")
	if b.Enable(t.Context(), pkg, agent.Settings{}) == nil {
		t.Fatal("a failed install went unnoticed")
	}
	b.must(os.Remove(b.lib(dir, "bin/fake")))
	b.must(os.Mkdir(b.lib(dir, "bin/fake"), 0o755)) // stands for a file that cannot be written
	var failed *agent.OperationError
	if err := b.EnableAgain(t.Context()); !errors.As(err, &failed) || failed.Code != agent.CodeDownload {
		t.Errorf("got %v, want a failed download", err)
	}
	if _, err := os.Stat(b.lib(dir, "bin")); err == nil {
		t.Error("the handler's files are still there")
	}
}

func TestDisableAndUninstall(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	b.must(b.Disable(t.Context()))
	status, err := b.HandlerStatus()
	b.must(err)
	if status.Status != "NotReady" || status.Message != "Plugin disabled" {
		t.Errorf("the handler's status is %+v", status)
	}
	b.must(b.EnableAgain(t.Context()))
	b.do("uninstall", "exit 9")
	if b.Uninstall(t.Context()) == nil {
		t.Error("a failed uninstall is not told")
	}
	b.order("1.0.0 install", "1.0.0 enable", "1.0.0 disable", "1.0.0 enable", "1.0.0 disable", "1.0.0 uninstall")
	if len(b.Handlers()) != 0 {
		t.Error("the handler's folder is still there")
	}
	if !errors.Is(b.EnableAgain(t.Context()), agent.ErrAbsent) {
		t.Error("an extension that is gone was enabled")
	}
}

func TestFailedDisableStopsUninstall(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	b.do("disable", "exit 4")
	var failed *agent.OperationError
	if err := b.Uninstall(t.Context()); !errors.As(err, &failed) || failed.Code != agent.CodeDisable {
		t.Errorf("got %v, want a failed disable", err)
	}
	b.order("1.0.0 install", "1.0.0 enable", "1.0.0 disable")
}
