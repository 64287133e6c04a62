package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

// script writes an executable shell script and gives its path.
func script(t *testing.T, name, body string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRunGivesCodeAndOutput(t *testing.T) {
	tests := []struct {
		name, body string
		code       int
		output     string
		message    string
	}{
		{name: "good", body: "echo one; echo two >&2", output: "one\ntwo\n"},
		{name: "no output", body: ":"},
		{name: "exit code", body: "echo E: gone; exit 100", code: 100, output: "E: gone\n",
			message: "child ended with exit code 100: E: gone"},
		{name: "silent failure", body: "exit 3", code: 3, message: "child ended with exit code 3"},
		{name: "signal", body: "kill -9 $$", code: -1, message: "child was killed"},
		{name: "empty input", body: "cat; echo end", output: "end\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			file := script(t, "child", test.body)
			result, err := Runner{Path: filepath.Dir(file) + ":" + DefaultPath}.Run(t.Context(), Command{Name: "child"})
			if result.ExitCode != test.code || result.Output != test.output {
				t.Errorf("got code %d, output %q", result.ExitCode, result.Output)
			}
			if got := message(err); got != test.message {
				t.Errorf("got error %q, want %q", got, test.message)
			}
			var exit *ExitError
			if test.code != 0 && (!errors.As(err, &exit) || exit.Code != test.code || exit.Tail != test.output) {
				t.Errorf("got %#v, want an ExitError with code and tail", err)
			}
		})
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestRunGivesASmallEnvironment(t *testing.T) {
	t.Setenv("AZURE_SECRET", "hidden")
	file := script(t, "child", "env | sort; pwd; cat")
	result, err := Runner{}.Run(t.Context(), Command{
		Name: file, Env: []string{"DEBIAN_FRONTEND=noninteractive"}, Stdin: strings.NewReader("typed\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DEBIAN_FRONTEND=noninteractive\n", "HOME=/root\n", "LC_ALL=C.UTF-8\n", "PATH=" + DefaultPath + "\n", "\n/\ntyped\n"} {
		if !strings.Contains(result.Output, want) {
			t.Errorf("no %q in\n%s", want, result.Output)
		}
	}
	if strings.Contains(result.Output, "AZURE_SECRET") {
		t.Error("our own environment reached the child")
	}
}

func TestRunDoesNotUseAShell(t *testing.T) {
	result, err := Runner{}.Run(t.Context(), Command{Name: "printf", Args: []string{"%s|", "$HOME", "a b;c", ""}})
	if err != nil || result.Output != "$HOME|a b;c||" {
		t.Errorf("got %q, %v", result.Output, err)
	}
}

func TestRunSaysWhatCannotStart(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"no-such-program", plain} {
		_, err := Runner{}.Run(t.Context(), Command{Name: name})
		var exit *ExitError
		if err == nil || errors.As(err, &exit) || !strings.HasPrefix(err.Error(), "cannot start "+name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The child ignores SIGTERM and has a child of its own: both must be gone afterwards.
func TestRunEndsTheWholeGroup(t *testing.T) {
	for _, how := range []string{"timeout", "cancel"} {
		t.Run(how, func(t *testing.T) {
			dir := t.TempDir()
			fifo := filepath.Join(dir, "ready")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			file := script(t, "child", `trap '' TERM; sleep 1000 & echo $! $$; echo >`+fifo+`; wait; sleep 1000`)
			ctx, cancel := context.WithCancelCause(t.Context())
			command := Command{Name: file, Timeout: time.Minute}
			if how == "timeout" {
				command.Timeout = time.Second
			}
			go func() {
				_, _ = os.ReadFile(fifo)
				if how == "cancel" {
					cancel(nil)
				}
			}()
			result, err := Runner{Grace: 200 * time.Millisecond}.Run(ctx, command)
			want := map[string]error{"timeout": context.DeadlineExceeded, "cancel": context.Canceled}[how]
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
			for _, pid := range strings.Fields(result.Output) {
				awaitEnd(t, pid)
			}
			cancel(nil)
		})
	}
}

// Who gives way ends the program alone, and leaves alone one that does not want to be disturbed.
func TestRunGivesWay(t *testing.T) {
	for body, want := range map[string]int{
		"echo up; exec sleep 1000":                              -1,
		"trap '' INT; echo up; sleep 0.2; exit 5":               5,
		"trap 'kill $!; exit 6' INT; sleep 1000& echo up; wait": 6,
	} {
		giveWay := make(chan struct{})
		up := logrus.New()
		up.SetOutput(writerFunc(func(line []byte) {
			if bytes.Contains(line, []byte("msg=up")) {
				close(giveWay)
			}
		}))
		result, err := Runner{Log: logrus.NewEntry(up), Grace: 50 * time.Millisecond}.Run(t.Context(), Command{Name: script(t, "child", body), GiveWay: giveWay})
		if result.ExitCode != want || err == nil {
			t.Errorf("%s: code %d, want %d, error %v", body, result.ExitCode, want, err)
		}
	}
}

type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}

// A child that never stops talking fills neither memory nor log.
func TestRunLogsOnlySoMuch(t *testing.T) {
	var log bytes.Buffer
	logger := logrus.New()
	logger.SetOutput(&log)
	file := script(t, "child", "yes 'a line of forty bytes or thereabouts' | head -c 8000000; echo last words")
	result, err := Runner{Log: logrus.NewEntry(logger)}.Run(t.Context(), Command{Name: file})
	if err != nil || !strings.HasSuffix(result.Output, "last words\n") {
		t.Errorf("got %v, %q", err, result.Output[max(0, len(result.Output)-40):])
	}
	if log.Len() > 4*mostLogged || !strings.Contains(log.String(), "is not logged") {
		t.Errorf("the log has %d bytes", log.Len())
	}
}

// awaitEnd waits until a process is gone or a zombie that nobody collects.
func awaitEnd(t *testing.T, pid string) {
	t.Helper()
	if _, err := strconv.Atoi(pid); err != nil {
		t.Fatalf("no pid: %q", pid)
	}
	for range 6000 {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %s still lives", pid)
}

// A maintainer script that leaves a daemon behind must not keep us waiting for its output's end.
func TestRunDoesNotWaitForDaemons(t *testing.T) {
	file := script(t, "child", "sleep 600 & echo $!")
	result, err := Runner{Grace: 100 * time.Millisecond}.Run(t.Context(), Command{Name: file})
	if err != nil || result.ExitCode != 0 {
		t.Errorf("got %+v, %v", result, err)
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(result.Output))
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the daemon was ended too: %v", err)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func TestRunKeepsTheEndOfLongOutput(t *testing.T) {
	file := script(t, "child", `i=0; while [ $i -lt 40000 ]; do echo "line $i"; i=$((i+1)); done`)
	result, err := Runner{}.Run(t.Context(), Command{Name: file})
	if err != nil {
		t.Fatal(err)
	}
	if !result.Cut || len(result.Output) > 64<<10 || !strings.HasSuffix(result.Output, "line 39999\n") {
		t.Errorf("got %d bytes, cut %v", len(result.Output), result.Cut)
	}
	if first, _, _ := strings.Cut(result.Output, "\n"); !strings.HasPrefix(first, "line ") {
		t.Errorf("first line is torn: %q", first)
	}
}

func TestRunLogsTheStory(t *testing.T) {
	var log bytes.Buffer
	logger := logrus.New()
	logger.SetOutput(&log)
	file := script(t, "child", "echo hello; exit 7")
	_, _ = Runner{Log: logrus.NewEntry(logger)}.Run(t.Context(), Command{
		Name: file, Args: []string{"update", "-o", "A=b c"}, Env: []string{"X=hidden"}, Stdin: strings.NewReader("hidden"),
	})
	for _, want := range []string{"command started", `update -o \"A=b c\"`, "msg=hello", "command ended", "exit=7", "took="} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %q in\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "hidden") {
		t.Error("environment or input was logged")
	}
}

// Words that are left out count among what is logged: a child that prints nothing else does not fill the log.
func TestTailOfLongWords(t *testing.T) {
	said := 0
	out := &tail{emit: func(string) { said++ }}
	for range mostLogged / 32 {
		_, _ = out.Write([]byte(strings.Repeat("x", longLine) + "\n"))
	}
	if said > mostLogged/40 {
		t.Errorf("%d lines are logged", said)
	}
}

// What is kept begins with a whole word, where there is no whole line: half of a secret is nothing that a redactor knows.
func TestTailKeepsWholeWords(t *testing.T) {
	for _, test := range [][2]string{
		{"secret " + strings.Repeat("x", keep-4), strings.Repeat("x", keep-4)},
		{"secret\r" + strings.Repeat("x", keep-4), strings.Repeat("x", keep-4)},
		{"secret" + strings.Repeat("x", keep-3), ""},
		{"secret\n" + strings.Repeat("x y", keep/3), strings.Repeat("x y", keep/3)},
	} {
		out := &tail{emit: func(string) {}}
		_, _ = out.Write([]byte(test[0]))
		if got := out.String(); got != test[1] {
			t.Errorf("%.20q...: %.20q... of %d bytes", test[0], got, len(got))
		}
	}
}

func TestTailLines(t *testing.T) {
	const leftOut = "a word of its output is left out: it is too long"
	long := strings.Repeat("x", longLine)
	words := strings.Repeat("x", longLine-14)
	tests := []struct {
		name   string
		writes []string
		want   []string
	}{
		{"whole lines", []string{"a\nb\n"}, []string{"a", "b"}},
		{"in pieces", []string{"a", "b\nc", "d"}, []string{"ab", "cd"}},
		{"empty lines", []string{"\n\na\n"}, []string{"a"}},
		{"progress", []string{"1%\r50%\r100%\r\n"}, []string{"100%"}},
		{"long", []string{words + " across-the-border\n"}, []string{words, "across-the-border"}},
		{"long, bit by bit", []string{words, " across", "-the-border", " and more"}, []string{words, "across-the-border and more"}},
		{"long progress", []string{words + "\r" + words + "\r100%\n"}, []string{words, "100%"}},
		{"a long word", []string{"a " + long + long + "y b\nc\n"}, []string{"a", leftOut, " b", "c"}},
		{"a long word without end", []string{long, "y"}, []string{leftOut}},
		{"a long word that ends its line", []string{long + "y\nb\n"}, []string{leftOut, "b"}},
		{"not UTF-8", []string{"a\xffb\n"}, []string{"a\uFFFDb"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			out := &tail{emit: func(line string) { got = append(got, line) }}
			for _, write := range test.writes {
				if _, err := fmt.Fprint(out, write); err != nil {
					t.Fatal(err)
				}
			}
			out.flush()
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
