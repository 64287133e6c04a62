package converge

import (
	"errors"
	"maps"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// errChanged ends a run that has found a file changed since it looked. What it was about to write knows nothing
// of that, and the ledger would keep the content from before as the one to give back.
var errChanged = errors.New("somebody has changed it since this run looked at it")

// looks is how often a run looks at the host anew because of that. A person writes once; a program that writes all
// the time is not to be fought with.
const looks = 3

// checkUnchanged compares files with what the run knows of them. The wait for a lock, or the download of an engine,
// may lie in between. Those of the package manager were written by its own step, a moment ago.
func (r *run) checkUnchanged(s WriteFiles) error {
	if s.Part == partSource {
		return nil
	}
	for _, p := range s.Paths {
		file, err := r.Files.Read(p)
		if err != nil {
			return err
		}
		if !file.Equal(r.known(p)) {
			return fault.New(fault.NotConverged, p, "look for another program that writes the file, "+fault.Retry, "cannot write: %w", errChanged)
		}
	}
	return nil
}

// disclaim takes out of the ledger what it says of files that a run did not come to write: what stands there now is
// not what the run had found, and the next look decides what is to be given back. Those of the package manager are
// written by a step of their own, and stay.
func disclaim(l *state.Ledger, earlier state.Ledger, wrote map[string]state.File) {
	touched := map[string]bool{}
	for p := range wrote {
		touched[partOf(p)] = true
	}
	maps.DeleteFunc(l.Files, func(p string, _ state.Found) bool {
		_, ours := earlier.Files[p]
		_, written := wrote[p]
		return !ours && !written && partOf(p) != partSource
	})
	if !touched[partDaemon] {
		l.Daemon, l.Pending, l.Earlier = earlier.Daemon, earlier.Pending, earlier.Earlier
	}
	if !touched[partCredentials] {
		l.Entries = earlier.Entries
	}
}

// known gives a file as the run has written it, or else as it was when the run looked.
func (r *run) known(p string) state.File {
	if file, ours := r.wrote[p]; ours {
		return file
	}
	return r.goal.Have.Files[p]
}

// write puts the files of a step in place. Of a step that fails some may be.
func (r *run) write(s WriteFiles) error {
	err := r.Files.Write(s.Paths, s.Files)
	for _, p := range s.Paths {
		file := s.Files[p]
		if err != nil {
			file = r.onDisk(p, file)
		}
		r.wrote[p] = file
	}
	return err
}

// onDisk gives a file as it is, or as it may be if that cannot be read.
func (r *run) onDisk(p string, may state.File) state.File {
	file, err := r.Files.Read(p)
	if err != nil {
		return may
	}
	return file
}
