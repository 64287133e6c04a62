package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"docker-extension/test/harness/agent"
)

// inner wraps fields of the inner status object.
func inner(fields string) string { return `[{"version": 1.0, "status": {` + fields + `}}]` }

func TestStatusRules(t *testing.T) {
	long := strings.Repeat("x", 2000)
	big := strings.Repeat("y", 130*1024)
	message := func(text string) string {
		return `"formattedMessage": {"lang": "en-US", "message": "` + text + `"}`
	}
	for _, c := range []struct {
		name, file, state string
		code              int
		fatal             bool
	}{
		{"success", inner(`"status": "success", "code": 0, ` + message("ok")), agent.Success, 0, false},
		{"code is passed on", inner(`"status": "error", "code": 13`), agent.Error, 13, false},
		{"capital letter", inner(`"status": "Success"`), agent.Error, 0, false},
		{"warning", inner(`"status": "warning"`), agent.Warning, 0, false},
		{"empty file", "", agent.Error, 1012, false},
		{"not JSON", "[{", agent.Error, 1012, false},
		{"two values", inner(`"status": "success"`) + "[]", agent.Error, 1012, false},
		{"byte order mark", "\xef\xbb\xbf" + inner(`"status": "success"`), agent.Error, 1012, false},
		{"object", `{"status": {"status": "success"}}`, agent.Error, 1012, false},
		{"no status", `[{"version": 1.0}]`, agent.Error, 1012, false},
		{"no inner status", inner(`"code": 0`), agent.Error, 1012, false},
		{"message without lang", inner(`"status": "success", "formattedMessage": {"message": "x"}`), agent.Error, 1012, false},
		{"null message", inner(`"status": "success", "formattedMessage": null`), agent.Success, 0, false},
		{"null substatus", inner(`"status": "success", "substatus": [null]`), agent.Success, 0, false},
		{"substatus object", inner(`"status": "success", "substatus": {}`), agent.Error, 1012, false},
		{"bad substatus", inner(`"status": "success", "substatus": [{"status": "done"}]`), agent.Error, 1012, false},
		{"empty list", "[]", "", 0, false},
		{"null", "null", "", 0, false},
		{"list of numbers", "[1]", "", 0, true},
		{"list of words", `["status"]`, "", 0, true},
		{"word as status", `[{"status": "status"}]`, "", 0, true},
		{"too big", inner(`"status": "success", ` + message(long) + `, "substatus": [{"name": "n", "status": "success", ` + message(big) + `}]`), agent.Success, 0, false},
		{"too big, no name", inner(`"status": "success", ` + message(long) + `, "substatus": [{"status": "success", ` + message(big) + `}]`), "", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := agent.ParseStatus([]byte(c.file))
			if got.State != c.state || got.Code != c.code || got.Fatal != c.fatal {
				t.Errorf("got %q %d fatal=%v, want %q %d fatal=%v", got.State, got.Code, got.Fatal, c.state, c.code, c.fatal)
			}
			if c.code == 1012 && got.Message == "" {
				t.Error("the agent's own error says nothing")
			}
		})
	}
}

func TestLongMessagesAreCutOnlyInBigFiles(t *testing.T) {
	text := func(size int) string {
		return inner(fmt.Sprintf(`"status": "success", "formattedMessage": {"lang": "en", "message": %q}`, strings.Repeat("x", size)))
	}
	if got := agent.ParseStatus([]byte(text(2000))).Message; len(got) != 2000 {
		t.Errorf("a message of 2000 characters became %d", len(got))
	}
	got := agent.ParseStatus([]byte(text(140 * 1024))).Message
	if want := 1024 + len(" ... [TRUNCATED]"); len(got) != want {
		t.Errorf("an overlong message became %d characters, want %d", len(got), want)
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add(inner(`"status": "success", "substatus": [{"name": 1, "status": "error", "code": 1.5}]`))
	f.Add(`[null]`)
	f.Fuzz(func(t *testing.T, text string) {
		status := agent.ParseStatus([]byte(text))
		if status.Fatal && status.State != "" {
			t.Errorf("a status that the agent cannot read has the state %q", status.State)
		}
		if status.Code == agent.CodeBadStatus && status.State == agent.Success {
			t.Skip("the extension's own choice of a code")
		}
	})
}

func TestMissingStatusIsTransitioning(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.do("enable", "exit 1")
	if b.Enable(t.Context(), newPackage(t, "1.0.0", ""), agent.Settings{Public: json.RawMessage(`{}`)}) == nil {
		t.Fatal("a failed enable went unnoticed")
	}
	status, err := b.Status()
	b.must(err)
	if status.State != agent.Transitioning || !status.Placeholder {
		t.Errorf("got %+v", status)
	}
}

func TestWaitTerminalCollectsTheWalk(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.do("enable", "exit 0")
	b.must(b.Enable(t.Context(), newPackage(t, "1.0.0", ""), agent.Settings{Public: json.RawMessage(`{}`)}))
	steps := []string{
		inner(`"status": "transitioning", "substatus": [{"name": "a", "status": "transitioning"}]`),
		inner(`"status": "transitioning", "substatus": [{"name": "a", "status": "success"}]`),
		inner(`"status": "warning"`), inner(`"status": "success"`),
	}
	next := 0
	walk, err := b.WaitTerminal(t.Context(), func(agent.Status) {
		temporary, final := b.lib("next"), b.lib(dir, "status", "0.status")
		b.must(os.WriteFile(temporary, []byte(steps[min(next, len(steps)-1)]), 0o600))
		b.must(os.Rename(temporary, final))
		next++
	})
	b.must(err)
	if len(walk) != 5 || !walk[0].Placeholder || walk[1].Substatus[0].State != agent.Transitioning {
		t.Errorf("the walk is %+v", walk)
	}
	if got := strings.Join(walk.States(), " "); got != "transitioning warning success" {
		t.Errorf("the states are %s", got)
	}
}

func TestWaitTerminalEndsWithItsContext(t *testing.T) {
	b := newBed(t, agent.Timeouts{})
	b.do("enable", "exit 0")
	b.must(b.Enable(t.Context(), newPackage(t, "1.0.0", ""), agent.Settings{Public: json.RawMessage(`{}`)}))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := b.WaitTerminal(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
