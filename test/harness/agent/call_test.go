package agent_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"docker-extension/test/harness/agent"
)

func TestEnvironment(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	want := strings.Join([]string{
		"AZURE_GUEST_AGENT_EXTENSION_PATH=" + b.lib(dir),
		`AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES=[{"Key": "ExtensionTelemetryPipeline", "Value": "1.0"}]`,
		"AZURE_GUEST_AGENT_EXTENSION_VERSION=1.0.0",
		"AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE=NOT_RUN",
		"AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS=168.63.129.16",
		"ConfigSequenceNumber=0",
		"LANG=C.UTF-8",
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	}, "\n")
	for _, verb := range []string{"install", "enable"} {
		// The shell adds PWD on its own.
		got := strings.TrimSpace(strings.Replace(b.read("env."+verb), "PWD="+b.lib(dir)+"\n", "", 1))
		if got != want {
			t.Errorf("%s was given\n%s\nwant\n%s", verb, got, want)
		}
		if cwd := strings.TrimSpace(b.read("cwd." + verb)); cwd != b.lib(dir) {
			t.Errorf("%s ran in %s", verb, cwd)
		}
	}
}

func TestSessionAndGroupAreTheirOwn(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.enable(newPackage(t, "1.0.0", ""))
	install, enable := strings.Fields(b.read("ids.install")), strings.Fields(b.read("ids.enable"))
	if install[1] != install[2] {
		t.Errorf("process group %s is not the session's first: %s", install[1], install[2])
	}
	if install[2] == enable[2] {
		t.Error("two commands share a session")
	}
}

func TestTimeoutKillsTheGroupOnly(t *testing.T) {
	b := newBed(t, agent.Timeouts{Enable: 10 * time.Second})
	b.do("enable", `setsid sleep 100 & echo $! >../survivor; sleep 100 & echo $! >../member; echo begun; wait`)
	err := b.Enable(t.Context(), newPackage(t, "1.0.0", ""), agent.Settings{})
	var failed *agent.OperationError
	if !errors.As(err, &failed) || failed.Code != agent.CodeTimeout || !failed.Call.TimedOut {
		t.Fatalf("got %v, want a timeout", err)
	}
	if string(failed.Call.Stdout) != "begun\n" {
		t.Errorf("stdout is %q", failed.Call.Stdout)
	}
	status, err := b.HandlerStatus()
	b.must(err)
	if status.Status != "NotReady" || status.Code != agent.CodeTimeout || !strings.Contains(status.Message, "Timeout(10)") {
		t.Errorf("the handler's status is %+v", status)
	}
	// It was killed with the others, and dies when its turn comes.
	for deadline := time.Now().Add(time.Minute); b.alive("member") && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if b.alive("member") {
		t.Errorf("a process of the group lived on: %v", syscall.Kill(b.pid("member"), syscall.SIGKILL))
	}
	if err := syscall.Kill(b.pid("survivor"), syscall.SIGKILL); err != nil {
		t.Errorf("a process with a session of its own was killed: %v", err)
	}
}

// pid reads the process id that the fake wrote into a file.
func (b bed) pid(file string) int {
	b.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(b.read(file)))
	b.must(err)
	return pid
}

// alive says whether the process has not ended. One that has ended may wait to be reaped.
func (b bed) alive(file string) bool {
	stat, err := os.ReadFile("/proc/" + strings.TrimSpace(b.read(file)) + "/stat")
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestContextEndsACall(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.do("enable", "sleep 100")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err := b.Enable(ctx, newPackage(t, "1.0.0", ""), agent.Settings{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the end of the context", err)
	}
}

func TestOutputIsCutAt3200Bytes(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.do("enable", `i=0; while [ $i -lt 500 ]; do echo "line $i"; echo "oops $i" >&2; i=$((i+1)); done; exit 52`)
	err := b.Enable(t.Context(), newPackage(t, "1.0.0", ""), agent.Settings{})
	var failed *agent.OperationError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want a failed command", err)
	}
	if n := len(failed.Call.Stdout); n != 3200 || !strings.HasPrefix(string(failed.Call.Stdout), "line 0\n") {
		t.Errorf("kept %d bytes, beginning with %.20q", n, failed.Call.Stdout)
	}
	status, err := b.HandlerStatus()
	b.must(err)
	head, rest, _ := strings.Cut(status.Message, "\n")
	if want := "[ExtensionOperationError] Non-zero exit code: 52, " + b.lib(dir) + "/bin/fake enable"; head != want {
		t.Errorf("the message begins with %q, want %q", head, want)
	}
	if n := len([]rune(rest)); n > 3200 || !strings.HasPrefix(rest, "[stdout]\n") || strings.Contains(rest, "line 0\n") {
		t.Errorf("the message shows %d characters of output, beginning with %.30q", n, rest)
	}
	if status.Status != "NotReady" || status.Code != agent.CodeEnable {
		t.Errorf("the handler's status is %s %d", status.Status, status.Code)
	}
}

func TestGrandchildDoesNotHoldTheAgent(t *testing.T) {
	b := newBed(t, agent.Timeouts{Enable: 60 * time.Second})
	b.do("enable", "sleep 100 & echo $! >../grandchild")
	b.enable(newPackage(t, "1.0.0", ""))
	if err := syscall.Kill(b.pid("grandchild"), syscall.SIGKILL); err != nil {
		t.Errorf("the agent waited for a grandchild that holds the output, or killed it: %v", err)
	}
}
