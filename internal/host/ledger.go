package host

import (
	"encoding/json"
	"path/filepath"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// StateFolder is where the extension keeps what has to outlive a reboot and its own updates. It is
// outside the folders of the agent, which come and go with each version.
const StateFolder = "/var/lib/docker-extension"

// LedgerFile is where the extension remembers what it owns and what it found.
const LedgerFile = StateFolder + "/ledger.json"

// LoadLedger reads the ledger; a host without one gives the zero value. A ledger that cannot be
// understood is a fault with code fault.HostConfig: to go on without it would mean to forget what
// has to be given back.
func LoadLedger(root files.Root) (state.Ledger, error) {
	file, err := root.Read(LedgerFile)
	if err != nil || !file.Exists {
		return state.Ledger{}, err
	}
	var ledger state.Ledger
	if err := json.Unmarshal(file.Content, &ledger); err != nil {
		return state.Ledger{}, fault.New(fault.HostConfig, LedgerFile,
			"restore the file from a backup; if there is none, move it away: the host is then taken as it is, and uninstall will leave it so",
			"cannot understand the extension's record: %w", err)
	}
	if ledger.Format > state.LedgerFormat || ledger.Format < 1 {
		return state.Ledger{}, fault.New(fault.HostConfig, LedgerFile,
			"install the version of the extension that was here last, or a newer one",
			"the extension's record has format %d, and this version knows format %d", ledger.Format, state.LedgerFormat)
	}
	return ledger, nil
}

// SaveLedger writes the ledger, atomically and for root's eyes only: it may hold a private key that
// was there before us.
func SaveLedger(root files.Root, ledger state.Ledger) error {
	ledger.Format = state.LedgerFormat
	content, err := json.MarshalIndent(ledger, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, LedgerFile, "", "cannot write down the extension's record: %w", err)
	}
	if err := root.MakeDir(filepath.Dir(LedgerFile), 0o700); err != nil {
		return err
	}
	return root.Write(LedgerFile, state.File{Exists: true, Mode: 0o600, Content: append(content, '\n')})
}
