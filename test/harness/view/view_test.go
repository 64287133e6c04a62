package view

import (
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
)

func twoSteps(second string) agent.Status {
	return agent.Status{State: agent.Transitioning, Message: "two steps", Substatus: []agent.Substatus{
		{Name: "packages", State: agent.Success, Message: "installed\n(3 s)"},
		{Name: "engine", State: second, Code: 53, Message: strings.Repeat("long ", 40)},
	}}
}

func TestPlainLinesComeOnce(t *testing.T) {
	var out strings.Builder
	live := newLive(&out, 0)
	live.Show(twoSteps(agent.Transitioning))
	live.Show(twoSteps(agent.Error))
	if n := strings.Count(out.String(), "packages"); n != 1 {
		t.Errorf("the unchanged step is printed %d times:\n%s", n, out.String())
	}
	if n := strings.Count(out.String(), "engine"); n != 2 {
		t.Errorf("the changed step is printed %d times:\n%s", n, out.String())
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Errorf("control sequences outside a terminal: %q", out.String())
	}
}

func TestTerminalIsDrawnOver(t *testing.T) {
	var out strings.Builder
	live := newLive(&out, 80)
	live.Show(twoSteps(agent.Transitioning))
	live.Show(twoSteps(agent.Error))
	if !strings.Contains(out.String(), "\x1b[3A") {
		t.Errorf("the cursor does not go up over the three lines: %q", out.String())
	}
	if !strings.Contains(out.String(), "…\n") {
		t.Errorf("the long line is not cut: %q", out.String())
	}
}

func TestTableNamesCodeAndFatal(t *testing.T) {
	table := strings.Join(Table(twoSteps(agent.Error)), "\n")
	for _, want := range []string{"✓ success", "✗ error", "[53]", "installed (3 s)"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	if fatal := Table(agent.Status{Fatal: true})[0]; !strings.Contains(fatal, "cannot read") {
		t.Errorf("a fatal status looks harmless: %s", fatal)
	}
}
