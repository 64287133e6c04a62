package handler

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

var moment = time.Date(2024, 5, 6, 7, 8, 9, 0, time.FixedZone("", 3600))

func clock() time.Time { return moment }

func newReporter(t testing.TB) (*Reporter, files.Root) {
	t.Helper()
	root := files.New(t.TempDir())
	must(t, root.MakeDir("/status", 0o700))
	return NewReporter(root, "/status", 7, "enable", "Test.Pub.Docker", clock), root
}

func statusFile(t testing.TB, root files.Root, path string) (raw []byte, doc statusDocument) {
	t.Helper()
	file, err := root.Read(path)
	must(t, err)
	if !file.Exists {
		t.Fatalf("%s is not there", path)
	}
	var list []statusDocument
	must(t, json.Unmarshal(file.Content, &list))
	return file.Content, list[0]
}

func TestReportIsWhatTheAgentDocuments(t *testing.T) {
	r, root := newReporter(t)
	must(t, r.Report(Success, "Docker <26.1> is \"running\"", []Substatus{{Name: "engine", Status: Success, Message: "active"}}))
	const want = `[{"version":1.0,"timestampUTC":"2024-05-06T06:08:09Z","status":{"name":"Test.Pub.Docker","operation":"enable",` +
		`"configurationAppliedTime":"2024-05-06T06:08:09Z","status":"success","code":0,` +
		`"formattedMessage":{"lang":"en-US","message":"Docker <26.1> is \"running\""},` +
		`"substatus":[{"name":"engine","status":"success","code":0,"formattedMessage":{"lang":"en-US","message":"active"}}]}}]` + "\n"
	if got, _ := statusFile(t, root, "/status/7.status"); string(got) != want {
		t.Errorf("the file is\n%swant\n%s", got, want)
	}
}

func TestReportLevels(t *testing.T) {
	for level, want := range map[Level]string{Transitioning: "transitioning", Success: "success", Error: "error", Level(9): "error"} {
		r, root := newReporter(t)
		must(t, r.Report(level, "", []Substatus{{Status: level}, {Status: NoStatus}}))
		raw, doc := statusFile(t, root, r.Path())
		if got, err := agentReads(raw); err != nil || got != want || doc.Status.Substatus[0].Status != want {
			t.Errorf("%d: the agent reads %q, %v; want %q", level, got, err, want)
		}
	}
	r, root := newReporter(t)
	must(t, r.Report(NoStatus, "x", nil))
	if root.Exists(r.Path()) {
		t.Error("NoStatus wrote a file")
	}
}

func TestFail(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		code fault.Code
		says string
	}{
		"a fault":         {fault.New(fault.PackageInstall, "apt-get", "free the disk", "cannot install"), 52, "apt-get: cannot install (free the disk) [log: /var/log/x.log]"},
		"several":         {fault.List{fault.New(13, "a", "", "is bad"), fault.New(13, "b", "", "is worse")}, 13, "a: is bad; b: is worse"},
		"no fault":        {errors.New("oh"), fault.Internal, "oh"},
		"the code of OK":  {fault.New(fault.OK, "", "", "oh"), fault.Internal, "oh"},
		"code out of use": {fault.New(126, "", "", "oh"), fault.Internal, "oh"},
	} {
		r, root := newReporter(t)
		r.WithLog("/var/log/x.log")
		must(t, r.Fail(c.err, nil))
		_, doc := statusFile(t, root, r.Path())
		if doc.Status.Status != "error" || doc.Status.Code != c.code || !strings.HasPrefix(doc.Status.Message.Message, c.says) {
			t.Errorf("%s: status is %+v", name, doc.Status)
		}
	}
}

func TestReportIsRedactedBeforeItIsCut(t *testing.T) {
	r, root := newReporter(t)
	r.WithRedaction(func(s string) string { return strings.ReplaceAll(s, "hunter2", "[redacted]") })
	edge := strings.Repeat("x", subMessageMax-6) + "hunter2 hunter2"
	must(t, r.Fail(errors.New(strings.Repeat("x", MessageMax-6)+"hunter2 hunter2"), []Substatus{{Name: "hunter2", Message: edge}}))
	if raw, _ := statusFile(t, root, r.Path()); strings.Contains(string(raw), "hun") {
		t.Errorf("a secret is in %s", raw)
	}
}

func TestReportStaysWithinTheLimits(t *testing.T) {
	r, root := newReporter(t)
	r.name, r.operation = strings.Repeat("n", 10_000), strings.Repeat("o", 10_000)
	for _, text := range []string{`"`, "\u2028", "\x00", "\xff", "é", "\U0001F433"} {
		long := strings.Repeat(text, 100_000)
		subs := make([]Substatus, 1000)
		for i := range subs {
			subs[i] = Substatus{Name: long, Status: Success, Message: long}
		}
		subs[3].Status, subs[998].Status = Error, Transitioning
		must(t, r.Report(Transitioning, long, subs))
		raw, doc := statusFile(t, root, r.Path())
		if len(raw) > 70<<10 {
			t.Errorf("%q: the file has %d bytes", text, len(raw))
		}
		if _, err := agentReads(raw); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		got := doc.Status
		if len(got.Message.Message) > MessageMax || len(got.Substatus) != SubstatusMax || len(got.Substatus[0].Message.Message) > subMessageMax {
			t.Errorf("%q: message %d, substatuses %d", text, len(got.Message.Message), len(got.Substatus))
		}
		if got.Substatus[0].Status != "error" || got.Substatus[SubstatusMax-2].Status != "transitioning" {
			t.Errorf("%q: what went wrong was left out", text)
		}
	}
}

func FuzzReport(f *testing.F) {
	f.Add("message", "name", "sub", 1, 1)
	f.Add("\xff\x00\"\\", "\u2028", "\x7f\n", -3, 100)
	f.Fuzz(func(t *testing.T, message, name, sub string, level, count int) {
		r, root := newReporter(t)
		subs := make([]Substatus, max(0, min(count, 200)))
		for i := range subs {
			subs[i] = Substatus{Name: name, Status: Level(level + i), Code: fault.Code(i), Message: sub}
		}
		if level%2 == 0 {
			must(t, r.Fail(errors.New(message), subs))
		} else {
			must(t, r.Report(Level(level), message, subs))
		}
		raw, doc := statusFile(t, root, r.Path())
		status, err := agentReads(raw)
		if err != nil {
			t.Fatalf("the agent refuses %s: %v", raw, err)
		}
		if status != doc.Status.Status || status == "warning" {
			t.Errorf("the agent reads %q", status)
		}
	})
}

// TestReportFromManyHands lets two Reporters, as two processes would have them, and several
// goroutines write one file while the agent reads it.
func TestReportFromManyHands(t *testing.T) {
	a, root := newReporter(t)
	b := NewReporter(root, "/status", 7, "enable", "x", time.Now)
	must(t, a.Report(Transitioning, "start", nil))
	var writers sync.WaitGroup
	for i := range 4 {
		writers.Go(func() {
			for j := range 10 {
				r := []*Reporter{a, b}[i%2]
				if err := r.Report(Transitioning, fmt.Sprint("step ", j), make([]Substatus, j)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 100 {
		raw, _ := statusFile(t, root, a.Path())
		if _, err := agentReads(raw); err != nil {
			t.Fatal(err)
		}
	}
	writers.Wait()
	if entries, _ := root.List("/status"); len(entries) != 1 {
		t.Errorf("the folder holds %v", entries)
	}
}

func TestReportRemovesLeftovers(t *testing.T) {
	r, root := newReporter(t)
	old := moment.Add(-time.Hour)
	for _, name := range []string{".7.status123", ".6.status9", ".6.status8", "6.status", ".x.status1", ".7.statusx"} {
		put(t, root, "/status/"+name, "")
		if name != ".6.status8" {
			must(t, os.Chtimes(root.Path("/status/"+name), old, old))
		}
	}
	must(t, r.Report(Success, "", nil))
	entries, _ := root.List("/status")
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != ".6.status8 .7.statusx .x.status1 6.status 7.status" {
		t.Errorf("the folder holds %s", got)
	}
}

func TestReportDoesNotMakeTheFolder(t *testing.T) {
	root := files.New(t.TempDir())
	err := NewReporter(root, "/gone/status", 1, "enable", "x", nil).Report(Success, "", nil)
	wantFault(t, err, fault.HostFiles, "/gone/status: cannot write the status: the folder is not there")
	if root.Exists("/gone") {
		t.Error("the folder was made")
	}
}

func TestSentenceWithAnEndlessLogPath(t *testing.T) {
	r, _ := newReporter(t)
	r.WithLog("/" + strings.Repeat("x", 5000))
	if got := r.Sentence(errors.New("oh")); got != "oh" {
		t.Errorf("the sentence is %q", got)
	}
}

// A success that says nothing new leaves the file alone, with the time of the work. Everything else is
// written: another word, an error again, a file that somebody broke.
func TestSuccessIsSaidOnce(t *testing.T) {
	r, root := newReporter(t)
	now := moment
	r.now = func() time.Time { return now }
	tests := []struct {
		name    string
		act     func() error
		written bool
	}{
		{"first", func() error { return r.Report(Success, "runs", []Substatus{{Name: "a", Status: Success}}) }, true},
		{"again", func() error { return r.Report(Success, "runs", []Substatus{{Name: "a", Status: Success}}) }, false},
		{"another word", func() error { return r.Report(Success, "runs well", nil) }, true},
		{"again without substatuses", func() error { return r.Report(Success, "runs well", nil) }, false},
		{"error", func() error { return r.Fail(errors.New("no"), nil) }, true},
		{"error again", func() error { return r.Fail(errors.New("no"), nil) }, true},
		{"success after it", func() error { return r.Report(Success, "runs", nil) }, true},
		{"transitioning", func() error { return r.Report(Transitioning, "runs", nil) }, true},
	}
	for _, test := range tests {
		now = now.Add(time.Minute)
		must(t, test.act())
		_, doc := statusFile(t, root, r.Path())
		if written := doc.Timestamp == timestamp(now); written != test.written {
			t.Errorf("%s: written %v, want %v", test.name, written, test.written)
		}
	}
	for _, broken := range []string{"", "[]", "[{}]", "not JSON", "[{},{}]"} {
		must(t, os.WriteFile(root.Path(r.Path()), []byte(broken), 0o600))
		must(t, r.Report(Success, "runs", nil))
		if _, doc := statusFile(t, root, r.Path()); doc.Status.Message.Message != "runs" {
			t.Errorf("a file with %q was left as it is", broken)
		}
	}
}

// Work that fills the disk can still be reported as failed: a status that stays "transitioning" tells nobody.
func TestLastReportOnAFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: mounts a small file system")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	defer func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }()
	r := NewReporter(files.New("/"), dir, 3, "Enable", "Test", nil)
	if err := r.Reserve(); err != nil {
		t.Fatal(err)
	}
	_ = os.WriteFile(filepath.Join(dir, "filler"), make([]byte, 1<<20), 0o600)
	if err := r.Report(Transitioning, "working", nil); !files.Full(err) {
		t.Errorf("the room is not for a report in the middle: %v", err)
	}
	if err := r.Fail(fault.New(fault.PackageInstall, "", "make room", "no space left"), nil); err != nil {
		t.Errorf("the last report: %v", err)
	}
	r.Release()
	content, err := os.ReadFile(r.Path())
	if err != nil || !strings.Contains(string(content), `"code":52`) && !strings.Contains(string(content), `"code": 52`) {
		t.Errorf("the status is %s, error %v", content, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("left behind: %v", entries)
	}
}
