package enable

import (
	"bytes"
	"encoding/json"
	"errors"
	"path"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// The folder of everything that must not outlive a boot. It is in memory, so the decrypted settings
// in an order never reach a disk, and a lock or a half-done run never blocks after a power cut.
const runFolder = "/run/docker-extension"

const (
	orderFile   = runFolder + "/order.json"   // what is to be done next
	currentFile = runFolder + "/current.json" // what is being done
	endedFile   = runFolder + "/ended.json"   // what has been done, well or badly, and is being reported
	deskLock    = runFolder + "/desk.lock"    // held for the moment in which an order changes hands
	workLock    = runFolder + "/work.lock"    // held by the work unit as long as it works
)

// Order is what enable hands to the work unit: one sequence number's settings, and where the agent
// looks for the result. It holds everything, because the handler's folder may be gone by the time
// that the work is done.
type Order struct {
	Version      string          `json:"version"` // of the extension that gave the order
	Extension    string          `json:"extension"`
	Sequence     int             `json:"sequence"`
	ConfigFolder string          `json:"configFolder"`
	StatusFolder string          `json:"statusFolder"`
	LogFolder    string          `json:"logFolder"`
	EventsFolder string          `json:"eventsFolder"`
	Public       json.RawMessage `json:"public"`
	Protected    json.RawMessage `json:"protected"` // decrypted
}

// desk is where orders lie: the files in the run folder.
type desk struct{ root files.Root }

// read gives the order in a file, and whether there is one.
func (d desk) read(file string) (Order, bool, error) {
	f, err := d.root.Read(file)
	if err != nil || !f.Exists {
		return Order{}, false, err
	}
	var o Order
	if err := json.Unmarshal(f.Content, &o); err != nil {
		return Order{}, false, fault.New(fault.Converge, file, "", "cannot read the order: %w", err)
	}
	return o, true, nil
}

func (d desk) write(file string, o Order) error {
	content, err := json.Marshal(o)
	if err != nil {
		return fault.New(fault.Internal, file, "", "cannot encode the order: %w", err)
	}
	if err := d.root.MakeDir(path.Dir(file), 0o700); err != nil {
		return err
	}
	return d.root.Write(file, state.File{Exists: true, Mode: 0o600, Content: content})
}

// next makes the waiting order the current one. Without a waiting order the one before stands: a work
// unit that was killed finds it there and goes on, even if only its report was missing.
func (d desk) next() (Order, bool, error) {
	for _, file := range []string{endedFile, orderFile} {
		if !d.root.Exists(file) {
			continue
		}
		if err := d.root.Rename(file, currentFile); err != nil {
			return Order{}, false, err
		}
	}
	return d.read(currentFile)
}

// end says that the work on the current order has ended. It comes before the report: whoever reads there
// that it failed, and gives the same order again, must not be told that it is being worked on.
func (d desk) end() error { return d.root.Rename(currentFile, endedFile) }

// occupied tells whether an order waits or is worked on.
func (d desk) occupied() bool { return d.root.Exists(orderFile) || d.root.Exists(currentFile) }

// clear takes the current order off the desk.
func (d desk) clear() error { return errors.Join(d.root.Remove(currentFile), d.root.Remove(endedFile)) }

// reportsLike tells whether the waiting order reports into the same status file as o, so that a run
// for o which gives way has nothing to say there.
func (d desk) reportsLike(o Order) bool {
	next, there, err := d.read(orderFile)
	return err == nil && there && next.Sequence == o.Sequence && next.StatusFolder == o.StatusFolder
}

// same tells whether two orders ask for the same thing, so that one run serves both.
func (o Order) same(other Order) bool {
	a, errA := json.Marshal(o)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}
