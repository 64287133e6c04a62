package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	tableFile = "bench.md"
	jsonFile  = "bench.json"
)

// results is everything that one run measured.
type results struct {
	Started time.Time
	Took    string
	Rounds  int
	Machine string
	Samples []sample
}

// sample is one measurement. A value's name ends in its unit.
type sample struct {
	Suite, Scenario, Variant string
	Values                   map[string]float64
}

func (r *results) add(suite, scenario, variant string, values map[string]float64) {
	r.Samples = append(r.Samples, sample{suite, scenario, variant, values})
	line := fmt.Sprintf("   %-9s %-28s %-14s", suite, scenario, variant)
	for _, name := range sortedKeys(values) {
		if strings.Contains(name, " ") { // a part of the whole; it is in the table
			continue
		}
		line += fmt.Sprintf(" %s=%.4g", name, values[name])
	}
	fmt.Println(line)
}

// median gives the median of a value over all rounds, and how many there were.
func (r *results) median(suite, scenario, variant, value string) (float64, int) {
	var all []float64
	for _, s := range r.Samples {
		v, there := s.Values[value]
		if there && s.Suite == suite && s.Scenario == scenario && s.Variant == variant {
			all = append(all, v)
		}
	}
	return median(all), len(all)
}

// worst gives the largest of a value over all rounds.
func (r *results) worst(suite, scenario, variant, value string) float64 {
	worst := 0.0
	for _, s := range r.Samples {
		if s.Suite == suite && s.Scenario == scenario && s.Variant == variant {
			worst = max(worst, s.Values[value])
		}
	}
	return worst
}

func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	all = slices.Sorted(slices.Values(all))
	middle := len(all) / 2
	if len(all)%2 == 1 {
		return all[middle]
	}
	return (all[middle-1] + all[middle]) / 2
}

// write leaves the samples as JSON and the table as Markdown.
func (r *results) write(folder string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, jsonFile), text, 0o644); err != nil {
		return err
	}
	table := r.table()
	fmt.Println(table)
	return os.WriteFile(filepath.Join(folder, tableFile), []byte(table), 0o644)
}

// describeMachine says what the figures were measured on, without a name of it.
func describeMachine() string {
	model := ""
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, found := strings.CutPrefix(line, "model name"); found {
				model = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	return fmt.Sprintf("%d cores, %s", runtime.NumCPU(), model)
}

const (
	pageBegin = "<!-- begin of the last run of make bench -->\n"
	pageEnd   = "<!-- end of the last run of make bench -->\n"
)

// updatePage puts the table of the last run between two marks in a page.
func updatePage(page, table string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(table)
	if err != nil {
		return fmt.Errorf("cannot read the table, run make bench first: %w", err)
	}
	before, rest, begins := strings.Cut(string(text), pageBegin)
	_, after, ends := strings.Cut(rest, pageEnd)
	if !begins || !ends {
		return fmt.Errorf("%s has no marks around the table", page)
	}
	return os.WriteFile(page, []byte(before+pageBegin+"\n"+string(content)+"\n"+pageEnd+after), 0o644)
}
