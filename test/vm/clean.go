package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Info is one line about a machine.
type Info struct {
	Name, Suite, Address, State string // State is "running" or "off"
	Owner                       string // "process 123", "nobody" when it is kept, "gone" when its process died
}

// List gives every machine that has a record, ordered by name.
func List() ([]Info, error) {
	records, err := allRecords()
	if err != nil {
		return nil, err
	}
	var all []Info
	for _, r := range records {
		info := Info{Name: r.Name, Suite: r.Suite, Address: r.address(), State: "off", Owner: "gone"}
		if r.Nspawn.alive() {
			info.State = "running"
		}
		switch {
		case r.Owner.alive():
			info.Owner = fmt.Sprintf("process %d", r.Owner.PID)
		case r.Kept:
			info.Owner = "nobody"
		}
		all = append(all, info)
	}
	return all, nil
}

// Clean removes the machines of all processes that have ended, kept ones and those that killed runs
// left behind, and roots of recipes that are no longer used. It does so for everyone on this host:
// to remove one machine, Open and Close it. Machines of living processes go too if all is set. It needs no prepared
// root, and goes on after a failure; progress goes to log, which may be nil.
func Clean(ctx context.Context, all bool, log io.Writer) error {
	records, err := allRecords()
	if err != nil {
		return err
	}
	var errs []error
	for _, r := range records {
		if !all && !r.abandoned() {
			report(log, "%s is left: process %d uses it", r.Name, r.Owner.PID)
			continue
		}
		if err := r.remove(); err != nil {
			errs = append(errs, err)
			continue
		}
		report(log, "%s is removed", r.Name)
	}
	// The folder of machines goes with its last machine; it is not empty before.
	_ = os.Remove(filepath.Join(CacheFolder(), "machines"))
	return errors.Join(append(errs, cleanRoots(ctx, log))...)
}

// abandoned tells whether no living process answers for the machine.
func (r *record) abandoned() bool { return !r.Owner.alive() }

// cleanRoots removes prepared roots of earlier recipes that no machine stands on.
func cleanRoots(ctx context.Context, log io.Writer) error {
	keep := map[string]bool{}
	for _, suite := range Suites() {
		r, err := newRecipe(ctx, suite)
		if err != nil {
			return nil // a host without apt or mirror: what is old cannot be told
		}
		keep[r.name()] = true
	}
	records, err := allRecords()
	if err != nil {
		return err
	}
	for _, r := range records {
		keep[filepath.Base(r.Root)] = true
	}
	roots, err := filepath.Glob(filepath.Join(CacheFolder(), "roots", "[a-z]*"))
	if err != nil {
		return err
	}
	for _, root := range roots {
		if keep[strings.TrimSuffix(filepath.Base(root), ".log")] {
			continue
		}
		if err := os.RemoveAll(root); err != nil {
			return err
		}
		report(log, "%s is removed: its recipe has changed", root)
	}
	return nil
}
