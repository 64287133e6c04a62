package handler

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

// The variables that the agent sets for each command (azurelinuxagent/ga/exthandlers.py, class
// ExtCommandEnvVariable).
const (
	envExtensionPath    = "AZURE_GUEST_AGENT_EXTENSION_PATH"
	envExtensionVersion = "AZURE_GUEST_AGENT_EXTENSION_VERSION"
	envExtensionName    = "ConfigExtensionName"
	envSequence         = "ConfigSequenceNumber"
	envUpdatingFrom     = "AZURE_GUEST_AGENT_UPDATING_FROM_VERSION"
	envTargetVersion    = "VERSION"
)

const (
	environmentFile = "HandlerEnvironment.json"
	environmentMax  = 1 << 20 // bytes; the agent writes some 600
)

// Environment is what the agent tells a handler about its folders. The paths are used as they are
// given: where agents of different ages put a folder differs, so none is ever worked out from another.
type Environment struct {
	Name          string // of the extension, "Publisher.Type"; empty with agents that do not say
	ConfigFolder  string // holds <sequence>.settings
	StatusFolder  string // takes <sequence>.status
	LogFolder     string // may be empty
	EventsFolder  string // empty with agents older than the telemetry pipeline
	HeartbeatFile string // may be empty
}

// FindEnvironment reads HandlerEnvironment.json from the folder that the agent names in
// AZURE_GUEST_AGENT_EXTENSION_PATH, or else from the folder of the executable or one of the two
// above it (the program sits in bin/). It gives that folder too. Errors have code fault.Environment.
func FindEnvironment(root files.Root, getenv func(string) string, executable string) (Environment, string, error) {
	candidates := environmentFolders(getenv(envExtensionPath), executable)
	for _, dir := range candidates {
		path := filepath.Join(dir, environmentFile)
		file, err := root.ReadAtMost(path, environmentMax)
		if err != nil {
			return Environment{}, "", recoded(fault.Environment, err)
		}
		if file.Exists {
			env, err := ParseEnvironment(file.Content)
			return env, dir, inFile(path, err)
		}
	}
	return Environment{}, "", fault.New(fault.Environment, environmentFile,
		"let the agent run this command, or set "+envExtensionPath+" to the folder of the extension",
		"cannot be found in %s", strings.Join(candidates, ", "))
}

func environmentFolders(fromAgent, executable string) []string {
	var dirs []string
	if filepath.IsAbs(fromAgent) {
		dirs = append(dirs, filepath.Clean(fromAgent))
	}
	dir := executable
	for range 3 {
		dir = filepath.Dir(dir)
		dirs = append(dirs, dir)
	}
	return dirs
}

// recoded gives a fault of the file system the code of what the file was read for.
func recoded(code fault.Code, err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err
	}
	return &fault.Fault{Code: code, Place: f.Place, Err: f.Err, Hint: f.Hint}
}

// inFile puts the file's path before the place of a fault that was found in its content.
func inFile(path string, err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err
	}
	return &fault.Fault{Code: f.Code, Place: strings.TrimSuffix(path+", "+f.Place, ", "), Err: f.Err, Hint: f.Hint}
}

// ParseEnvironment reads the content of HandlerEnvironment.json: an array of one object, with or
// without a byte order mark. Only the folders for settings and status must be there.
func ParseEnvironment(content []byte) (Environment, error) {
	var entries []struct {
		Name    string `json:"name"`
		Folders *struct {
			Log           string `json:"logFolder"`
			Config        string `json:"configFolder"`
			Status        string `json:"statusFolder"`
			Heartbeat     string `json:"heartbeatFile"`
			Events        string `json:"eventsFolder"`
			EventsPreview string `json:"eventsFolder_preview"`
		} `json:"handlerEnvironment"`
	}
	if err := json.Unmarshal(withoutMark(content), &entries); err != nil {
		return Environment{}, environmentFault("", "cannot read it as JSON: %w", err)
	}
	if len(entries) == 0 || entries[0].Folders == nil {
		return Environment{}, environmentFault("[0].handlerEnvironment", "is missing")
	}
	folders := entries[0].Folders
	if folders.Events == "" {
		folders.Events = folders.EventsPreview
	}
	env := Environment{Name: entries[0].Name, ConfigFolder: folders.Config, StatusFolder: folders.Status,
		LogFolder: folders.Log, EventsFolder: folders.Events, HeartbeatFile: folders.Heartbeat}
	return env, env.check()
}

func (e Environment) check() error {
	for _, f := range []struct {
		key, path string
		required  bool
	}{
		{"configFolder", e.ConfigFolder, true},
		{"statusFolder", e.StatusFolder, true},
		{"logFolder", e.LogFolder, false},
		{"eventsFolder", e.EventsFolder, false},
		{"heartbeatFile", e.HeartbeatFile, false},
	} {
		place := "[0].handlerEnvironment." + f.key
		if f.path == "" && f.required {
			return environmentFault(place, "is missing")
		}
		if f.path != "" && !filepath.IsAbs(f.path) {
			return environmentFault(place, "is not an absolute path")
		}
	}
	return nil
}

func environmentFault(place, format string, args ...any) error {
	return fault.New(fault.Environment, place,
		"restart the agent, which writes this file anew each time it starts", format, args...)
}

// withoutMark drops the UTF-8 byte order mark that some fabrics put before JSON.
func withoutMark(content []byte) []byte {
	return bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
}
