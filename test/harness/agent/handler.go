package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The states in which the agent keeps a handler (exthandlers.py, ExtHandlerState).
const (
	NotInstalled  = "NotInstalled"
	Installed     = "Installed"
	Enabled       = "Enabled"
	FailedUpgrade = "FailedUpgrade"
)

// Handler is one version of the extension as the agent keeps it on disk.
type Handler struct {
	files   files
	name    string
	version string
}

// Version gives the handler's version.
func (h Handler) Version() string { return h.version }

// Dir gives the handler's folder, as a path of the machine.
func (h Handler) Dir() string { return path.Join(LibDir, h.name+"-"+h.version) }

func (h Handler) config(name string) string { return path.Join(h.Dir(), "config", name) }
func (h Handler) status(name string) string { return path.Join(h.Dir(), "status", name) }
func (h Handler) logDir() string            { return path.Join(LogDir, h.name) }

// lay writes what the agent adds to an unzipped handler: the manifest at its root, the folders and
// HandlerEnvironment.json.
func (h Handler) lay() error {
	if err := h.raiseManifest(); err != nil {
		return err
	}
	for _, folder := range []struct {
		path string
		mode os.FileMode
	}{
		{h.status(""), 0o700}, {h.config(""), 0o700}, {LogDir, 0o755}, {h.logDir(), 0o755},
		{path.Join(h.logDir(), "events"), 0o700},
	} {
		if err := h.files.mkdir(folder.path, folder.mode); err != nil {
			return err
		}
	}
	return h.writeEnvironment()
}

// raiseManifest finds HandlerManifest.json anywhere in the handler, strips a byte order mark and
// writes it at the root.
func (h Handler) raiseManifest() error {
	found := ""
	root := h.files.HostPath(h.Dir())
	err := filepath.WalkDir(root, func(file string, entry os.DirEntry, err error) error {
		if err == nil && found == "" && entry.Name() == "HandlerManifest.json" {
			found = file
		}
		return err
	})
	if err != nil {
		return err
	}
	if found == "" {
		return errors.New("HandlerManifest.json not found")
	}
	content, err := os.ReadFile(found)
	if err != nil {
		return err
	}
	return h.files.write(path.Join(h.Dir(), "HandlerManifest.json"), 0o644, bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")))
}

// writeEnvironment writes HandlerEnvironment.json as the agent does at each of its starts.
func (h Handler) writeEnvironment() error {
	type folders struct {
		Log     string `json:"logFolder"`
		Config  string `json:"configFolder"`
		Status  string `json:"statusFolder"`
		Beat    string `json:"heartbeatFile"`
		Events  string `json:"eventsFolder"`
		Preview string `json:"eventsFolder_preview"`
	}
	type environment struct {
		Name    string          `json:"name"`
		Version json.RawMessage `json:"version"`
		Folders folders         `json:"handlerEnvironment"`
	}
	guest := h.files.GuestPath
	events := guest(path.Join(h.logDir(), "events"))
	text, err := pythonJSON([]environment{{
		Name:    h.name,
		Version: json.RawMessage("1.0"),
		Folders: folders{
			Log: guest(h.logDir()), Config: guest(h.config("")), Status: guest(h.status("")),
			Beat: guest(path.Join(h.Dir(), "heartbeat.log")), Events: events, Preview: events,
		},
	}})
	if err != nil {
		return err
	}
	return h.files.write(path.Join(h.Dir(), "HandlerEnvironment.json"), 0o644, text)
}

// State gives the handler's state; NotInstalled when there is none.
func (h Handler) State() string {
	text, err := h.files.read(h.config("HandlerState"))
	if err != nil {
		return NotInstalled
	}
	return string(text)
}

func (h Handler) setState(state string) error {
	if err := h.files.mkdir(h.Dir(), 0o755); err != nil {
		return err
	}
	if err := h.files.mkdir(h.config(""), 0o700); err != nil {
		return err
	}
	return h.files.write(h.config("HandlerState"), 0o644, []byte(state))
}

// HandlerStatus is what the agent reports of the handler itself, apart from the extension's status.
type HandlerStatus struct {
	Name      string          `json:"name"`
	Version   string          `json:"version"`
	Status    string          `json:"status"`
	Code      int             `json:"code"`
	Message   string          `json:"message"`
	Multi     bool            `json:"supports_multi_config"`
	Extension json.RawMessage `json:"extension_status"`
}

// Status gives what the agent reports of the handler; the zero value before the first report.
func (h Handler) Status() (HandlerStatus, error) {
	text, err := h.files.read(h.config("HandlerStatus"))
	if errors.Is(err, os.ErrNotExist) {
		return HandlerStatus{}, nil
	}
	if err != nil {
		return HandlerStatus{}, err
	}
	var status HandlerStatus
	return status, json.Unmarshal(text, &status)
}

func (h Handler) setStatus(status string, code int, message string) error {
	text, err := pythonJSON(HandlerStatus{Name: h.name, Version: h.version, Status: status, Code: code, Message: message})
	if err != nil {
		return err
	}
	if err := h.files.mkdir(h.config(""), 0o700); err != nil {
		return err
	}
	return h.files.write(h.config("HandlerStatus"), 0o644, text)
}

// manifest is what the agent reads of HandlerManifest.json.
type manifest struct {
	Install           string `json:"installCommand"`
	Enable            string `json:"enableCommand"`
	Disable           string `json:"disableCommand"`
	Update            string `json:"updateCommand"`
	Uninstall         string `json:"uninstallCommand"`
	UpdateMode        string `json:"updateMode"`
	ContinueOnFailure bool   `json:"continueOnUpdateFailure"`
}

func (h Handler) manifest() (manifest, error) {
	text, err := h.files.read(path.Join(h.Dir(), "HandlerManifest.json"))
	if err != nil {
		return manifest{}, err
	}
	var list []struct {
		Manifest *manifest `json:"handlerManifest"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return manifest{}, fmt.Errorf("cannot read HandlerManifest.json: %w", err)
	}
	if len(list) == 0 || list[0].Manifest == nil {
		return manifest{}, errors.New("HandlerManifest.json has no handlerManifest")
	}
	return *list[0].Manifest, nil
}

func (m manifest) command(verb string) string {
	return map[string]string{
		"install": m.Install, "enable": m.Enable, "disable": m.Disable,
		"update": m.Update, "uninstall": m.Uninstall,
	}[verb]
}

// installs says whether an update of this version runs install; without a word it does.
func (m manifest) installs() bool {
	return m.UpdateMode == "" || strings.EqualFold(m.UpdateMode, "UpdateWithInstall")
}

// sequence gives the number of the newest settings file by time of change, as the agent takes it,
// and its content. ok is false when there is none.
func (h Handler) sequence() (seq int, content []byte, ok bool) {
	names, _ := filepath.Glob(h.files.HostPath(h.config("*.settings")))
	slices.SortFunc(names, func(a, b string) int { return changed(a) - changed(b) })
	for _, name := range slices.Backward(names) {
		seq, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(name), ".settings"))
		if err != nil {
			continue
		}
		content, err := os.ReadFile(name)
		return seq, content, err == nil
	}
	return 0, nil, false
}

// changed gives the file's time of change in nanoseconds; 0 for a file that is gone.
func changed(name string) int {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return int(info.ModTime().UnixNano())
}

// Handlers gives every version on the machine, oldest version first.
func (a *Agent) Handlers() []Handler {
	names, _ := filepath.Glob(a.files.HostPath(LibDir) + "/" + a.Name() + "-*")
	versions := regexp.MustCompile(`^\d+(\.\d+)*$`)
	var found []Handler
	for _, name := range names {
		version := strings.TrimPrefix(filepath.Base(name), a.Name()+"-")
		if versions.MatchString(version) {
			found = append(found, a.handler(version))
		}
	}
	slices.SortFunc(found, func(x, y Handler) int { return compareVersions(x.version, y.version) })
	return found
}

func (a *Agent) handler(version string) Handler {
	return Handler{files: a.files, name: a.Name(), version: version}
}

// Current gives the version that is installed or enabled; when a failed update left two, the one
// that it was to become. ok is false when the extension is not on the machine.
func (a *Agent) Current() (h Handler, ok bool) {
	all := a.Handlers()
	for _, handler := range slices.Backward(all) {
		if state := handler.State(); state == FailedUpgrade {
			return handler, true
		}
	}
	if working, ok := a.working(""); ok {
		return working, true
	}
	if len(all) == 0 {
		return Handler{}, false
	}
	return all[len(all)-1], true
}

// working gives the newest version other than except whose state is Installed or Enabled.
func (a *Agent) working(except string) (h Handler, ok bool) {
	for _, handler := range slices.Backward(a.Handlers()) {
		if state := handler.State(); handler.version != except && (state == Installed || state == Enabled) {
			return handler, true
		}
	}
	return Handler{}, false
}
