package handler

import (
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/oplog"
)

// agentFolder is where the agent unpacks extensions (Lib.Dir in waagent.conf).
const agentFolder = "/var/lib/waagent"

// launcher is the program in a handler's folder; only ours is called that.
const launcher = "bin/docker-extension"

// Deployed gives the newest call that the agent has made ready on this host, for somebody who only wants
// to look: nothing is written, no lock is taken, and the log goes nowhere. dir is the handler's folder; if
// it is empty, it is looked for around the executable and where the agent unpacks extensions.
func Deployed(root files.Root, dir, executable string) (*Call, error) {
	folders := []string{dir}
	if dir == "" {
		folders = deployedFolders(root, executable)
	}
	for _, folder := range folders {
		if !root.Exists(filepath.Join(folder, environmentFile)) {
			continue
		}
		return lookAt(root, folder)
	}
	where := agentFolder
	if dir != "" {
		where = dir
	}
	return nil, fault.New(fault.Environment, where, "deploy the extension first, or name its folder with --handler",
		"cannot find the extension: the agent has unpacked none here")
}

// lookAt gives the call that the files in a handler's folder make up.
func lookAt(root files.Root, folder string) (*Call, error) {
	content, err := root.ReadAtMost(filepath.Join(folder, environmentFile), environmentMax)
	if err != nil {
		return nil, recoded(fault.Environment, err)
	}
	env, err := ParseEnvironment(content.Content)
	if err != nil {
		return nil, inFile(filepath.Join(folder, environmentFile), err)
	}
	sequence, err := newestSettings(root, env.ConfigFolder)
	if err != nil {
		return nil, err
	}
	_, version, _ := cutLast(path.Base(folder), "-")
	secrets := &oplog.Redactor{}
	return &Call{
		Environment: env, Sequence: sequence, HandlerDir: folder, Version: version, Secrets: secrets,
		Log:          oplog.New(io.Discard, secrets, false).WithFields(nil),
		ReadSettings: settingsReader(root, env.ConfigFolder, sequence),
	}, nil
}

// deployedFolders gives the folders that may be ours, the likeliest first: the one that this program is
// in, then those that the agent calls enabled, then those with the newest settings.
func deployedFolders(root files.Root, executable string) []string {
	folders := environmentFolders("", executable)
	entries, err := root.List(agentFolder)
	if err != nil {
		return folders
	}
	best, rank := "", time.Time{}
	for _, entry := range entries {
		folder := filepath.Join(agentFolder, entry.Name())
		if !entry.IsDir() || !root.Exists(filepath.Join(folder, launcher)) {
			continue
		}
		if at := standing(root, folder); best == "" || at.After(rank) {
			best, rank = folder, at
		}
	}
	return append(folders, best)
}

// enabledBonus puts every folder that the agent calls enabled before every other.
const enabledBonus = 100 * 365 * 24 * time.Hour

// standing gives how likely it is that a handler's folder is the one in use, as a time.
func standing(root files.Root, folder string) time.Time {
	at, _, err := root.ModTime(filepath.Join(folder, "config"))
	if err != nil {
		return time.Time{}
	}
	state, err := root.ReadAtMost(filepath.Join(folder, "config", "HandlerState"), environmentMax)
	if err == nil && strings.TrimSpace(string(state.Content)) == "Enabled" {
		at = at.Add(enabledBonus)
	}
	return at
}

// Sequences gives the numbers of all settings files in a folder; none if it cannot be read.
func Sequences(root files.Root, configFolder string) []int {
	entries, err := root.List(configFolder)
	if err != nil {
		return nil
	}
	var all []int
	for _, entry := range entries {
		if sequence, _, ok := settingsEntry(entry); ok {
			all = append(all, sequence)
		}
	}
	return all
}

// SettingsOf gives what reads the settings file of one number.
func SettingsOf(root files.Root, configFolder string, sequence int) func() (Envelope, error) {
	return settingsReader(root, configFolder, sequence)
}

func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}

// LastStatus is what a status file says, as far as a person wants to know it.
type LastStatus struct {
	Written     time.Time
	Applied     time.Time // when the run began that wrote it
	Status      string    // the agent's word: "success"
	Code        fault.Code
	Message     string
	Operation   string
	Substatuses []LastSubstatus
}

// LastSubstatus is one entry of a status file.
type LastSubstatus struct{ Name, Status, Message string }

// ReadStatus reads the status file of a sequence number; ok tells whether there is one that can be read.
func ReadStatus(root files.Root, statusFolder string, sequence int) (status LastStatus, ok bool) {
	reporter := NewReporter(root, statusFolder, sequence, "", "", nil)
	file, err := root.Read(reporter.Path())
	if err != nil || !file.Exists {
		return LastStatus{}, false
	}
	return parseStatus(file.Content)
}
