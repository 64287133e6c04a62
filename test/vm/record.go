package vm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"
)

// RunFolder holds one record per machine and the lock under which names and subnets are given out.
const RunFolder = "/run/docker-extension-test"

// record is all that a machine has taken from the host. It is on disk before the first taking.
type record struct {
	Name    string   `json:"name"`
	Suite   string   `json:"suite"`
	Root    string   `json:"root"`   // the prepared root below the overlay
	Folder  string   `json:"folder"` // the machine's own disk and console log
	Image   bool     `json:"image"`  // the disk is a file system of its own, in an image
	Slot    int      `json:"slot"`   // third byte of the subnet, and the number in the veth's name
	Owner   process  `json:"owner"`  // the process that booted it; Clean leaves it alone while that lives
	Kept    bool     `json:"kept"`   // it is meant to outlive its owner
	Nspawn  process  `json:"nspawn"` // nobody when the machine is off
	Cgroups []string `json:"cgroups"`
	Boots   int      `json:"boots"`
}

var validName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// namespace gives the name of the network namespace, as ip netns knows it.
func (r *record) namespace() string { return "docker-extension-" + r.Name }

// veth gives the host's end of the machine's network cable.
func (r *record) veth() string { return fmt.Sprintf("dext%d", r.Slot) }

// subnet, gateway and address give the machine's network, the host's and the machine's own address in it.
func (r *record) subnet() string  { return fmt.Sprintf("10.77.%d.0/24", r.Slot) }
func (r *record) gateway() string { return fmt.Sprintf("10.77.%d.1", r.Slot) }
func (r *record) address() string { return fmt.Sprintf("10.77.%d.2", r.Slot) }

// merged gives the root file system as the host sees it.
func (r *record) merged() string { return filepath.Join(r.Folder, "root") }

// console gives the log of everything that the machine has written to its console.
func (r *record) console() string { return filepath.Join(r.Folder, "console.log") }

// path gives where the record lies.
func (r *record) path() string { return filepath.Join(RunFolder, r.Name+".json") }

// save writes the record; atomic, so that no reader sees half of one.
func (r *record) save() error {
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(r.path(), append(content, '\n'), 0o600)
}

// loadRecord reads the record of one machine.
func loadRecord(name string) (*record, error) {
	content, err := os.ReadFile(filepath.Join(RunFolder, name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no machine %q: %w", name, err)
	}
	if err != nil {
		return nil, err
	}
	r := &record{}
	if err := json.Unmarshal(content, r); err != nil {
		return nil, fmt.Errorf("cannot read the record of %s: %w", name, err)
	}
	return r, nil
}

// allRecords reads every record, ordered by name.
func allRecords() ([]*record, error) {
	paths, err := filepath.Glob(filepath.Join(RunFolder, "*.json"))
	if err != nil {
		return nil, err
	}
	var all []*record
	for _, path := range paths {
		r, err := loadRecord(strings.TrimSuffix(filepath.Base(path), ".json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed since the listing
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

// reserve gives a new machine its name and subnet and writes its first record.
func reserve(ctx context.Context, o Options, root string) (*record, error) {
	if err := os.MkdirAll(RunFolder, 0o700); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, hostTimeout)
	defer cancel()
	lock := flock.New(filepath.Join(RunFolder, "lock"))
	if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
		return nil, fmt.Errorf("cannot lock %s: %w", lock.Path(), err)
	}
	defer lock.Unlock()
	taken, err := allRecords()
	if err != nil {
		return nil, err
	}
	r, err := newRecord(o, root, taken)
	if err != nil {
		return nil, err
	}
	return r, r.save()
}

// newRecord fills the record of a machine, given those that exist.
func newRecord(o Options, root string, taken []*record) (*record, error) {
	r := &record{Name: o.Name, Suite: o.Suite, Root: root, Kept: o.Keep, Image: o.Image}
	var err error
	if r.Slot, err = freeSlot(taken); err != nil {
		return nil, err
	}
	if r.Name == "" {
		r.Name = fmt.Sprintf("%s-%d", o.Suite, r.Slot)
	}
	if !validName.MatchString(r.Name) {
		return nil, fmt.Errorf("machine name %q is not a host name in small letters", r.Name)
	}
	if slices.ContainsFunc(taken, func(other *record) bool { return other.Name == r.Name }) {
		return nil, fmt.Errorf("there is a machine %q already", r.Name)
	}
	r.Folder = filepath.Join(CacheFolder(), "machines", r.Name)
	r.Owner, err = processOf(os.Getpid())
	return r, err
}
