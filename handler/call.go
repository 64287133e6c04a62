package handler

import (
	"context"
	"sync"

	"github.com/sirupsen/logrus"

	"docker-extension/internal/host/files"
	"docker-extension/internal/oplog"
)

// Verb is one of the agent's commands. What it returns is reported by Handler.Run: an error as a
// status of level Error with the Outcome's substatuses, anything else as the Outcome says.
type Verb func(ctx context.Context, call *Call) (Outcome, error)

// Outcome is what a verb that did not fail wants to be known.
type Outcome struct {
	Status      Level  // NoStatus: the status file stays as the verb, or somebody else, left it
	Message     string // one sentence, printed and reported
	Substatuses []Substatus
}

// Call is one run of one verb, with everything that the agent said about it.
type Call struct {
	Operation   string // the verb: "enable"
	Environment Environment
	Sequence    int    // the number of the settings
	HandlerDir  string // where HandlerEnvironment.json is: the folder of this version of the extension
	Version     string // of the extension, as the agent names it

	UpdatingFrom  string // in an update, the version before; else empty
	TargetVersion string // in an update, the version to come; in a downgrade the same as UpdatingFrom

	Report  *Reporter
	Log     *logrus.Entry   // has the fields op and seq
	Secrets *oplog.Redactor // what is added here stays out of log, status, events and output

	// ReadSettings reads the settings file, once. It is left to the verbs because most of them must
	// go on whatever the file looks like: what cannot be read must still be removable. Errors have
	// code fault.SettingsFile.
	ReadSettings func() (Envelope, error)
}

func settingsReader(root files.Root, configFolder string, sequence int) func() (Envelope, error) {
	return sync.OnceValues(func() (Envelope, error) {
		return readEnvelope(root, configFolder, sequence)
	})
}
