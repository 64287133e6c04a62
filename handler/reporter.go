package handler

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

const statusSuffix = ".status"

// leftoverAge is how old a temporary file must be to be one that a killed process left behind. A
// write that is in hand takes much less.
const leftoverAge = time.Minute

// Reporter writes the status file of one sequence number. It is safe for use by several goroutines,
// and several processes may each have one for the same file: every write replaces the whole.
type Reporter struct {
	root      files.Root
	folder    string
	sequence  int
	operation string
	name      string
	now       func() time.Time
	started   time.Time
	redact    func(string) string
	logFile   string

	mu    sync.Mutex
	clean bool         // leftovers have been removed
	spare *files.Spare // room for the last report
}

// NewReporter gives a Reporter that writes <sequence>.status in the agent's status folder. Operation
// and name appear in the file; now is the clock, time.Now if nil. It touches nothing yet.
func NewReporter(root files.Root, statusFolder string, sequence int, operation, name string, now func() time.Time) *Reporter {
	if now == nil {
		now = time.Now
	}
	return &Reporter{
		root: root, folder: statusFolder, sequence: sequence, operation: operation, name: name,
		now: now, started: now(), redact: func(s string) string { return s },
	}
}

// WithRedaction makes the Reporter pass every text through redact before it is cut and written. Call
// it before the first report.
func (r *Reporter) WithRedaction(redact func(string) string) *Reporter {
	r.redact = redact
	return r
}

// WithLog makes the Reporter name the log file in every error. Call it before the first report.
func (r *Reporter) WithLog(path string) *Reporter {
	r.logFile = path
	return r
}

// Path gives the status file.
func (r *Reporter) Path() string {
	return filepath.Join(r.folder, strconv.Itoa(r.sequence)+statusSuffix)
}

// Report writes the status file: its level, its message and its substatuses, shortened where they
// are too long. NoStatus writes nothing. For level Error, Fail is the better choice: it has a code.
func (r *Reporter) Report(level Level, message string, substatuses []Substatus) error {
	if level == NoStatus {
		return nil
	}
	code := fault.OK
	if level == Error {
		code = fault.Internal
	}
	return r.write(level, code, r.line(message), substatuses)
}

// Fail writes the status file with level Error, the code of err, and err's sentence.
func (r *Reporter) Fail(err error, substatuses []Substatus) error {
	return r.write(Error, codeOf(err), r.Sentence(err), substatuses)
}

// Sentence gives what a person should read of err: the sentence that Fail writes, with the place of
// the log file at its end, at most MessageMax bytes long.
func (r *Reporter) Sentence(err error) string {
	suffix := ""
	if r.logFile != "" {
		suffix = " [log: " + r.logFile + "]"
	}
	if len(suffix) > MessageMax/2 {
		suffix = ""
	}
	return line(r.redact(fault.Sentence(err, 0)), MessageMax-len(suffix)) + suffix
}

func (r *Reporter) line(message string) string { return line(r.redact(message), MessageMax) }

// write refuses to make the status folder: where it is gone, the agent has removed this version of
// the handler, and a new folder would look to it like another one.
func (r *Reporter) write(level Level, code fault.Code, message string, substatuses []Substatus) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	document := statusDocument{
		Version:   "1.0",
		Timestamp: timestamp(r.now()),
		Status: statusBody{
			Name:      line(r.name, subNameMax),
			Operation: line(r.operation, subNameMax),
			Applied:   timestamp(r.started),
			Status:    level.String(),
			Code:      code,
			Message:   english(message),
			Substatus: substatusBodies(substatuses, r.redact),
		},
	}
	content, err := encode([]statusDocument{document})
	if err != nil {
		return fault.New(fault.Internal, r.Path(), "", "cannot encode the status: %w", err)
	}
	if !r.root.IsDir(r.folder) {
		return fault.New(fault.HostFiles, r.folder, "restart the agent, which makes the folder again",
			"cannot write the status: the folder is not there")
	}
	r.removeLeftovers()
	if level == Success && r.said(document) {
		return nil
	}
	return r.put(state.File{Exists: true, Mode: 0o600, Content: content}, level == Success || level == Error)
}

// put writes the file, into the room that was reserved if it is the last report and the disk is full.
func (r *Reporter) put(file state.File, last bool) error {
	err := r.root.Write(r.Path(), file)
	if err == nil || !last || r.spare == nil || !files.Full(err) {
		return err
	}
	if spareErr := r.spare.Write(file); spareErr != nil {
		return errors.Join(err, spareErr)
	}
	return nil
}

// Reserve sets room aside for the last report, of success or failure: what the work itself does may fill the
// disk, and a status that says "transitioning" for ever tells nobody. Release gives it back.
func (r *Reporter) Reserve() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.removeLeftovers()
	spare, err := r.root.Reserve(r.Path(), statusFileMax)
	if err == nil {
		r.spare = spare
	}
	return err
}

// Release gives back what Reserve has set aside.
func (r *Reporter) Release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.spare != nil {
		r.spare.Release()
		r.spare = nil
	}
}

// said tells whether the file says the same already, with earlier times. A success is then left as it
// is: its time is that of the work, the agent has read it, and a write that is to survive a power cut
// would take longer than all the rest of a run that has nothing to do.
func (r *Reporter) said(document statusDocument) bool {
	file, err := r.root.ReadAtMost(r.Path(), statusFileMax)
	var before []statusDocument
	if err != nil || json.Unmarshal(file.Content, &before) != nil || len(before) != 1 {
		return false
	}
	before[0].Timestamp, before[0].Status.Applied = document.Timestamp, document.Status.Applied
	return reflect.DeepEqual(before[0], document)
}

// removeLeftovers matters because an update copies everything in the status folder to the next
// version. That one cannot be removed is no reason not to report.
func (r *Reporter) removeLeftovers() {
	if r.clean {
		return
	}
	r.clean = true
	entries, err := r.root.List(r.folder)
	if err != nil {
		return
	}
	before := r.now().Add(-leftoverAge)
	for _, entry := range entries {
		// A dot, the name of a status file, and digits: a file that was being written.
		name, hidden := strings.CutPrefix(entry.Name(), ".")
		number, digits, ok := strings.Cut(name, statusSuffix)
		if _, isNumber := parseSequence(number); hidden && ok && isNumber && digits != "" {
			_ = r.root.RemoveLeftovers(filepath.Join(r.folder, number+statusSuffix), before)
		}
	}
}

// codeOf is fault.CodeOf, but never a code that would say that all is well, or that the agent or a
// shell would take for something else.
func codeOf(err error) fault.Code {
	const highest = 125
	code := fault.CodeOf(err)
	if err != nil && (code <= fault.OK || code > highest) {
		return fault.Internal
	}
	return code
}
