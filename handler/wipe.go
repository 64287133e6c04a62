package handler

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"docker-extension/internal/host/files"
)

// WipeEarlier takes the protected settings out of the settings files of earlier sequence numbers. The
// agent leaves those files there, and with them and the key beside them every secret that was ever
// sent could be read again, long after it was changed.
//
// The file of this sequence number stays as it is, and so does one that is not earlier: the agent calls
// enable with the current file at every boot, and writes a newer one before it calls enable for it.
// What it reads of an earlier one is its time alone (azurelinuxagent/ga/exthandlers.py,
// get_largest_seq_no), which stays. A file that cannot be taken apart is left alone.
func WipeEarlier(root files.Root, configFolder string, sequence int) error {
	entries, err := root.List(configFolder)
	if err != nil {
		return err
	}
	current, there, err := root.ModTime(filepath.Join(configFolder, strconv.Itoa(sequence)+settingsSuffix))
	if err != nil || !there {
		return err
	}
	var errs []error
	for _, entry := range entries {
		if isEarlier(entry, sequence, current) {
			errs = append(errs, wipe(root, filepath.Join(configFolder, entry.Name())))
		}
	}
	return errors.Join(errs...)
}

// isEarlier goes by the time, because the numbers may go backwards. A time in the future is from before the
// clock was put back, and says nothing; then it goes by the number, since what the agent has just written must
// not lose its secrets.
func isEarlier(entry fs.DirEntry, sequence int, current time.Time) bool {
	number, written, ok := settingsEntry(entry)
	if now := time.Now(); written.After(now) || current.After(now) {
		return ok && number < sequence
	}
	return ok && number != sequence && written.Before(current)
}

// wipe rewrites one settings file, unless there is nothing in it to hide.
func wipe(root files.Root, path string) error {
	file, err := root.ReadAtMost(path, settingsMax)
	if err != nil {
		return err
	}
	content, secrets := withoutProtected(file.Content)
	if !secrets {
		return nil
	}
	file.Content = content
	return root.Rewrite(path, file)
}

// withoutProtected gives a settings file with null for its protected settings, and whether there were
// any. The public ones stay, for whoever looks what was sent when.
func withoutProtected(content []byte) ([]byte, bool) {
	envelope, err := ParseEnvelope(content)
	if err != nil || envelope.Protected == "" {
		return nil, false
	}
	wiped, err := encode(map[string]any{"runtimeSettings": []any{map[string]any{"handlerSettings": map[string]any{
		"publicSettings":                  envelope.Public,
		"protectedSettings":               nil,
		"protectedSettingsCertThumbprint": envelope.Thumbprint,
	}}}})
	return wiped, err == nil
}
