package host

import (
	"encoding/json"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// RunFile is where the record of the last run is kept.
const RunFile = StateFolder + "/last-run.json"

// LoadRun reads the record of the last run; ok tells whether there is one that this version understands.
func LoadRun(root files.Root) (run state.Run, ok bool) {
	file, err := root.Read(RunFile)
	if err != nil || !file.Exists || json.Unmarshal(file.Content, &run) != nil || run.Format != state.RunFormat {
		return state.Run{}, false
	}
	return run, true
}

// SaveRun writes the record of the last run, for root's eyes only.
func SaveRun(root files.Root, run state.Run) error {
	run.Format = state.RunFormat
	content, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, RunFile, "", "cannot write down the run: %w", err)
	}
	return root.Write(RunFile, state.File{Exists: true, Mode: 0o600, Content: append(content, '\n')})
}
