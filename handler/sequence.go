package handler

import (
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

const settingsSuffix = ".settings"

// findSequence gives the number of the settings that this command is about: what the agent says in
// ConfigSequenceNumber, or else that of the settings file written last, or else 0. It is the newest
// file and not the largest number because the number may go backwards, and the agent looks at the
// time as well (azurelinuxagent/ga/exthandlers.py, get_largest_seq_no).
func findSequence(root files.Root, getenv func(string) string, configFolder string) (int, error) {
	if name := getenv(envExtensionName); name != "" {
		return 0, fault.New(fault.Environment, envExtensionName,
			"set supportsMultipleExtensions to false in HandlerManifest.json, as it was published",
			"is set, but several configurations of this extension on one VM are not supported")
	}
	if text := getenv(envSequence); text != "" {
		sequence, ok := parseSequence(text)
		if !ok {
			return 0, fault.New(fault.Environment, envSequence,
				"let the agent run this command, or set the variable to the number of a settings file",
				"is not a sequence number: %q", fault.Shorten(text, 40))
		}
		return sequence, nil
	}
	return newestSettings(root, configFolder)
}

// parseSequence takes a number only as the agent writes it, which is also how it names the files.
func parseSequence(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	ok := err == nil && n >= 0 && n <= math.MaxInt32 && strconv.Itoa(n) == text
	return n, ok
}

func newestSettings(root files.Root, configFolder string) (int, error) {
	entries, err := root.List(configFolder)
	if err != nil {
		return 0, recoded(fault.Environment, err)
	}
	newest, newestTime := 0, time.Time{}
	for _, entry := range entries {
		sequence, written, ok := settingsEntry(entry)
		later := written.After(newestTime) || written.Equal(newestTime) && sequence > newest
		if ok && later {
			newest, newestTime = sequence, written
		}
	}
	return newest, nil
}

// settingsEntry passes over everything that is not <number>.settings: HandlerState, temporary files,
// the files of a handler with several configurations.
func settingsEntry(entry fs.DirEntry) (sequence int, written time.Time, ok bool) {
	name, isSettings := strings.CutSuffix(entry.Name(), settingsSuffix)
	sequence, isNumber := parseSequence(name)
	info, err := entry.Info()
	if !isSettings || !isNumber || err != nil || !info.Mode().IsRegular() {
		return 0, time.Time{}, false
	}
	return sequence, info.ModTime(), true
}
