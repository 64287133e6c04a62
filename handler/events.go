package handler

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// eventsMax is how many files may wait in the events folder. An agent takes at most 300 of one
// period and deletes all of them, so that more means that nobody takes any.
const eventsMax = 300

// Events puts events into the folder from which the agent sends them to the platform. With an empty
// Folder, or one that is not there, it does nothing: agents before 2.2.46 have none.
type Events struct {
	Root      files.Root
	Folder    string // Environment.EventsFolder
	Version   string // of the extension
	Operation string // the id that the events of one run share; NewOperationID makes one
	Now       func() time.Time
}

// event has the eight keys that the agent asks for, all strings: an agent of 2022 drops an event
// with a number in it (azurelinuxagent/ga/collect_telemetry_events.py, class ExtensionEventSchema).
type event struct {
	Version     string
	Timestamp   string
	TaskName    string
	EventLevel  string
	Message     string
	EventPid    string
	EventTid    string
	OperationID string `json:"OperationId"`
}

// Write puts one event there: level is Error or anything else for Informational, task names the
// work, message must not hold a secret. The event has at most some 1,300 characters; the agent's
// limit is 6,144.
func (e Events) Write(level Level, task, message string) error {
	if e.Folder == "" || !e.Root.IsDir(e.Folder) {
		return nil
	}
	waiting, err := e.Root.List(e.Folder)
	if err != nil || len(waiting) >= eventsMax {
		return err
	}
	content, err := encode(e.event(level, task, message))
	if err != nil {
		return fault.New(fault.Internal, e.Folder, "", "cannot encode an event: %w", err)
	}
	path := filepath.Join(e.Folder, eventName(e.Now()))
	// The agent deletes all that it finds in the folder, so the file is made beside it.
	return e.Root.Publish(path, state.File{Exists: true, Mode: 0o600, Content: content}, filepath.Dir(e.Folder))
}

func (e Events) event(level Level, task, message string) event {
	word := "Informational"
	if level == Error {
		word = "Error"
	}
	message = line(message, MessageMax)
	if message == "" {
		message = word // the agent drops an event without a message
	}
	return event{
		Version:     line(e.Version, 64),
		Timestamp:   e.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
		TaskName:    line(task, 64),
		EventLevel:  word,
		Message:     message,
		EventPid:    strconv.Itoa(os.Getpid()),
		EventTid:    strconv.Itoa(thread()),
		OperationID: e.Operation,
	}
}

// eventName is digits only, as the agent wants it. The random part keeps events of one moment apart.
func eventName(now time.Time) string {
	var random [2]byte
	rand.Read(random[:])
	return fmt.Sprintf("%d%05d.json", now.UnixNano(), int(random[0])<<8|int(random[1]))
}

// NewOperationID gives a new id for Events.Operation.
func NewOperationID() string {
	var random [16]byte
	rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}
