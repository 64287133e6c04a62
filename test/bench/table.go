package main

import (
	"fmt"
	"slices"
	"strings"
)

// table gives everything that counts as Markdown: medians, and ratios within this run.
func (r *results) table() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s: rounds: %d; on %s, in %s. Medians; VMs with Debian 12 (bookworm) and 13 (trixie).\n\n",
		r.Started.Format("2006-01-02"), r.Rounds, r.Machine, r.Took)
	r.verdicts(&out)
	for _, suite := range r.suites() {
		r.coldTable(&out, suite)
		r.phaseTable(&out, suite)
		r.changeTable(&out, suite)
		r.stepTable(&out, suite)
		r.idleTable(&out, suite)
	}
	return out.String()
}

func (r *results) suites() []string {
	var found []string
	for _, s := range r.Samples {
		if s.Suite != "" && !slices.Contains(found, s.Suite) {
			found = append(found, s.Suite)
		}
	}
	return found
}

// column is a value as it is shown: its head, and the format of its median times factor.
type column struct {
	head, value, format string
	factor              float64
}

func coldColumns() []column {
	return []column{
		{"wall, s", "wall_ms", "%.2f", 1e-3}, {"CPU, s", "cpu_s", "%.1f", 1}, {"written, MB", "written_mb", "%.0f", 1},
		{"tasks started", "tasks", "%.0f", 1}, {"peak of the extension, MB", "peak_mb", "%.1f", 1},
	}
}

func changeColumns() []column {
	return []column{
		{"wall, ms", "wall_ms", "%.0f", 1}, {"enable returns, ms", "call_ms", "%.0f", 1}, {"requests lost, median", "failed", "%.0f", 1},
		{"slowest request, ms", "slowest_ms", "%.0f", 1}, {"between old and new port, ms", "gap_ms", "%.0f", 1},
		{"container's requests lost", "web_failed", "%.0f", 1}, {"CPU, s", "cpu_s", "%.2f", 1}, {"written, MB", "written_mb", "%.2f", 1}, {"tasks started", "tasks", "%.0f", 1},
	}
}

func idleColumns() []column {
	return []column{
		{"wall, ms", "wall_ms", "%.1f", 1}, {"fastest, ms", "fastest_ms", "%.1f", 1}, {"CPU, ms", "cpu_ms", "%.1f", 1}, {"peak, MB", "peak_mb", "%.1f", 1},
		{"child processes", "children", "%.0f", 1}, {"D-Bus", "dbus", "%.0f", 1}, {"flushes", "flushes", "%.0f", 1},
	}
}

func (r *results) coldTable(out *strings.Builder, suite string) {
	fmt.Fprintf(out, "**%s, from a fresh VM to an engine that answers**\n\n", suite)
	r.rows(out, suite, coldColumns(), func(s sample) bool { return strings.HasPrefix(s.Scenario, cold) })
}

// phaseTable says where the time of a fresh VM goes. What bare apt and the first start of the engine take is
// the floor: nobody installs without.
func (r *results) phaseTable(out *strings.Builder, suite string) {
	var columns []column
	for _, p := range phases() {
		columns = append(columns, column{p.name + ", s", phaseValue(p.name), "%.2f", 1e-3})
	}
	fmt.Fprintf(out, "**%s, where that time goes**\n\n", suite)
	r.rows(out, suite, columns, func(s sample) bool { return strings.HasPrefix(s.Scenario, cold) })
}

func (r *results) changeTable(out *strings.Builder, suite string) {
	fmt.Fprintf(out, "**%s, changes**\n\n", suite)
	r.rows(out, suite, changeColumns(), func(s sample) bool { return strings.HasSuffix(s.Scenario, "changed") || s.Scenario == floorRestart })
}

func (r *results) idleTable(out *strings.Builder, suite string) {
	fmt.Fprintf(out, "**%s, nothing to do**\n\n", suite)
	r.rows(out, suite, idleColumns(), func(s sample) bool {
		return strings.HasPrefix(s.Scenario, nothing) || strings.HasPrefix(s.Scenario, "start") || strings.HasPrefix(s.Scenario, "plan")
	})
}

// rows writes a table with a row for each scenario and variant that is chosen, in the order of measuring.
func (r *results) rows(out *strings.Builder, suite string, columns []column, chosen func(sample) bool) {
	out.WriteString("| |")
	for _, c := range columns {
		out.WriteString(" " + c.head + " |")
	}
	out.WriteString("\n|---|" + strings.Repeat("---:|", len(columns)) + "\n")
	var done []string
	for _, s := range r.Samples {
		head := s.Scenario
		if s.Variant != ours || strings.HasPrefix(s.Scenario, cold) {
			head += ": " + s.Variant
		}
		if s.Suite != suite || !chosen(s) || slices.Contains(done, head) {
			continue
		}
		done = append(done, head)
		out.WriteString("| " + head + " |")
		for _, c := range columns {
			out.WriteString(" " + r.cell(s, c) + " |")
		}
		out.WriteString("\n")
	}
	out.WriteString("\n")
}

func (r *results) cell(s sample, c column) string {
	value, n := r.median(s.Suite, s.Scenario, s.Variant, c.value)
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(c.format, value*c.factor)
}

// verdicts writes what was aimed at beside what was measured.
func (r *results) verdicts(out *strings.Builder) {
	out.WriteString("| aim | at most |")
	for _, suite := range r.suites() {
		out.WriteString(" " + suite + " |")
	}
	out.WriteString("\n|---|---:|" + strings.Repeat("---:|", len(r.suites())) + "\n")
	for _, a := range aims() {
		fmt.Fprintf(out, "| %s | %g |", a.what, a.most)
		for _, suite := range r.suites() {
			value := a.value(r, suite)
			mark := ""
			if value > a.most {
				mark = " (missed)"
			}
			fmt.Fprintf(out, " %.3g%s |", value, mark)
		}
		out.WriteString("\n")
	}
	out.WriteString("\n")
}
