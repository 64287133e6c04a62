package state

import "time"

// RunFormat is the format of Run that this program writes.
const RunFormat = 1

// Run is the record of the last run that had something to do, for people who ask later. It holds no
// secret. It lives in /var/lib/docker-extension/last-run.json; nothing is decided by it, so a host may
// lose it. The names of its fields are those of `status --output json`, too.
type Run struct {
	Format    int       `json:"format"`
	Extension string    `json:"extension"` // the handler's name
	Version   string    `json:"version"`   // of the extension
	Sequence  int       `json:"sequence"`  // of the settings
	Started   time.Time `json:"started"`
	Ended     time.Time `json:"ended"`
	Status    string    `json:"status"` // "success" or "error"
	Code      int       `json:"code"`
	Name      string    `json:"name"` // of the code
	Message   string    `json:"message"`
	Steps     []RunStep `json:"steps"`
	Notes     []string  `json:"notes"`
	// Applied is the last run that ended well; null if there was none.
	Applied *Applied `json:"applied"`
}

// RunStep is one step of a Run.
type RunStep struct {
	Name         string `json:"name"`
	Summary      string `json:"summary"`
	Status       string `json:"status"` // "done", "failed", or "waiting" for one that the run did not come to
	Milliseconds int64  `json:"milliseconds"`
	Error        string `json:"error,omitempty"`
}

// Applied is a run that ended well.
type Applied struct {
	Sequence int       `json:"sequence"`
	At       time.Time `json:"at"`
}
