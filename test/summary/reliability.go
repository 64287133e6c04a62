package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// What the tests of bad days note in their logs; they are in test/e2e/verdict_test.go.
type (
	verdict struct {
		Name, Said             string
		Code                   int
		Serves, Kept, NextTime string
	}
	plan struct {
		Plot   string
		Points int
		Cuts   map[string]int
	}
	laboratory struct {
		Kernel, Go, Package, SHA256 string
		Cores                       int
	}
)

// The tests that note them.
const (
	faultTest = "TestFault"
	cutTest   = "TestCutOff"
)

// notes gives what tests have noted under a kind, by the name of the test, in the order of their logs.
func notes[T any](r record, kind string) (map[name][]T, error) {
	found := map[name][]T{}
	for n, o := range r {
		for line := range strings.Lines(strings.Join(o.output, "")) {
			_, text, noted := strings.Cut(line, ": note "+kind+": ")
			if !noted {
				continue
			}
			var value T
			if err := json.Unmarshal([]byte(text), &value); err != nil {
				return nil, fmt.Errorf("%s noted %q: %w", n, text, err)
			}
			found[n] = append(found[n], value)
		}
	}
	return found, nil
}

// path gives the parts of a test's name: the test, the suite, and what is below.
func (n name) path() (test, suite, rest string) {
	parts := append(strings.SplitN(n.Test, "/", 3), "", "")
	return parts[0], parts[1], parts[2]
}

// suitesOf gives the suites on which a test has run, in order.
func (r record) suitesOf(test string) []string {
	var suites []string
	for n := range r {
		if t, suite, _ := n.path(); t == test && suite != "" {
			suites = append(suites, suite)
		}
	}
	slices.Sort(suites)
	return slices.Compact(suites)
}

// page writes what docs/reliability.md says between its marks.
func (r record) page(out io.Writer) error {
	if err := r.origin(out); err != nil {
		return err
	}
	if err := r.faultTable(out); err != nil {
		return err
	}
	return r.cutTable(out)
}

// origin says when and where the tests ran, and what they judged.
func (r record) origin(out io.Writer) error {
	labs, err := notes[laboratory](r, "lab")
	if err != nil {
		return err
	}
	const minutes = "2006-01-02 15:04"
	var said []string
	for n, all := range labs {
		test, _, _ := n.path()
		first, last := r.span(test)
		for _, l := range all {
			said = append(said, fmt.Sprintf("- `%s`: from %s to %s UTC, on Linux %s with %d cores; `%s` with the SHA-256 `%s`, made by %s",
				test, first.Format(minutes), last.Format(minutes), l.Kernel, l.Cores, l.Package, l.SHA256, l.Go))
		}
	}
	slices.Sort(said)
	for _, line := range slices.Compact(said) {
		fmt.Fprintln(out, line)
	}
	return nil
}

// span gives when a test began and ended.
func (r record) span(test string) (first, last time.Time) {
	for n, o := range r {
		if t, _, _ := n.path(); t != test {
			continue
		}
		if first.IsZero() || o.first.Before(first) {
			first = o.first
		}
		if o.last.After(last) {
			last = o.last
		}
	}
	return first.UTC(), last.UTC()
}

// faultTable writes a row for each named fault.
func (r record) faultTable(out io.Writer) error {
	verdicts, err := notes[verdict](r, "verdict")
	if err != nil {
		return err
	}
	tables, err := notes[[]string](r, "table")
	if err != nil {
		return err
	}
	var rows []string
	for _, all := range tables {
		for _, table := range all {
			rows = slices.Concat(rows, without(table, rows))
		}
	}
	suites := r.suitesOf(faultTest)
	fmt.Fprintf(out, "\n### %d named faults\n\n| fault | what enable says of it | code | engine serves | containers keep | next enable | %s |\n|---|---|---|---|---|---|%s\n",
		len(rows), strings.Join(suites, " | "), strings.Repeat("---|", len(suites)))
	count := map[string]int{}
	for _, row := range rows {
		said, results := r.faultRow(row, suites, verdicts)
		for _, result := range results {
			count[result]++
		}
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", cell(row), said, strings.Join(answers(row, suites, verdicts), " | "), strings.Join(results, " | "))
	}
	fmt.Fprintf(out, "\n%d passed, %d failed, %d did not run, %d did not end.\n", count[passed], count[failed], count[absent], count[broken])
	return nil
}

// The results of one row on one suite.
const (
	passed = "passed"
	failed = "failed"
	absent = "did not run"
	broken = "did not end"
)

// faultRow gives what enable said, on the suite where it said most, and the result on each suite.
func (r record) faultRow(row string, suites []string, verdicts map[name][]verdict) (said string, results []string) {
	for _, suite := range suites {
		n, o := r.find(faultTest, suite, row)
		if all := verdicts[n]; len(all) > 0 {
			said = cmp.Or(said, cell(short(all[len(all)-1].Said)))
		}
		results = append(results, resultOf(o))
	}
	return said, results
}

// answers gives the code and the three answers of a row: one where the suites agree, all where they do not.
func answers(row string, suites []string, verdicts map[name][]verdict) []string {
	columns := make([][]string, 4)
	for n, all := range verdicts {
		test, suite, rest := n.path()
		if test != faultTest || !slices.Contains(suites, suite) || rest != testName(row) {
			continue
		}
		v := all[len(all)-1]
		for i, text := range []string{fmt.Sprint(v.Code), v.Serves, v.Kept, v.NextTime} {
			columns[i] = append(columns[i], text)
		}
	}
	var cells []string
	for _, column := range columns {
		slices.Sort(column)
		cells = append(cells, strings.Join(slices.Compact(column), ", or "))
	}
	return cells
}

// find gives a test below a suite.
func (r record) find(test, suite, rest string) (name, *outcome) {
	for n, o := range r {
		if t, s, below := n.path(); t == test && s == suite && below == testName(rest) {
			return n, o
		}
	}
	return name{}, nil
}

// testName writes a name as the package testing does.
func testName(text string) string { return strings.ReplaceAll(text, " ", "_") }

func resultOf(o *outcome) string {
	switch {
	case o == nil || o.action == "skip":
		return absent
	case o.action == "pass":
		return passed
	case o.action == "run":
		return broken
	default:
		return failed
	}
}

// short gives a sentence without the code, which has its column, and no more of it than is read in a table.
func short(said string) string {
	const enough = 240
	if strings.HasPrefix(said, "success (0)") {
		return "success"
	}
	if rest, failed := strings.CutPrefix(said, "error ("); failed {
		_, said, _ = strings.Cut(rest, "): ")
	}
	if runes := []rune(said); len(runes) > enough {
		return string(runes[:enough]) + " ..."
	}
	return said
}

// cell makes a text fit into a cell of a table.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "\n", " ").Replace(text)
}

// without gives the items of a list that are not in another.
func without(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(item string) bool { return slices.Contains(others, item) })
}

// updatePage puts the tables between the marks of a page.
func (r record) updatePage(file string) error {
	const begin, end = "<!-- begin of the last run -->\n", "<!-- end of the last run -->\n"
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(text), begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return fmt.Errorf("%s has no marks around the tables", file)
	}
	var tables strings.Builder
	if err := r.page(&tables); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(before+begin+"\n"+tables.String()+"\n"+end+after), 0o644)
}
