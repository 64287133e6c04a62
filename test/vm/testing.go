package vm

import (
	"context"
	"strings"
	"testing"
	"time"
)

// ForTest boots a machine for one test and removes it when the test ends; after a failure it first
// shows the journal's last lines. The test is skipped, with the reason, where no machine can boot
// and in short runs.
func ForTest(t testing.TB, suite string) *VM {
	t.Helper()
	return ForTestWith(t, Options{Suite: suite})
}

// ForTestWith is ForTest for a machine that is out of the ordinary.
func ForTestWith(t testing.TB, o Options) *VM {
	t.Helper()
	if testing.Short() {
		t.Skip("boots a machine: not in a short run")
	}
	if missing := Requirements(); len(missing) > 0 {
		t.Skipf("no machine can be booted here: %s", strings.Join(missing, "; "))
	}
	o.Log = testLog{t}
	machine, err := Boot(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the last journal lines of %s:\n%s", machine.Name(), machine.lastWords())
		}
		if err := machine.Close(); err != nil {
			t.Error(err)
		}
	})
	return machine
}

// lastWords gives the end of the journal, or of the console log when the machine is off.
func (v *VM) lastWords() string {
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	journal, err := v.Sh(ctx, "journalctl --no-pager --lines=80")
	if err != nil {
		return tail(v.Console(), 80)
	}
	return journal
}

// testLog sends lines of progress to the test's log.
type testLog struct{ t testing.TB }

// Write logs one line with the time of day.
func (l testLog) Write(line []byte) (int, error) {
	l.t.Logf("%s %s", time.Now().Format(time.TimeOnly), strings.TrimSpace(string(line)))
	return len(line), nil
}
