package azure

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"

	"docker-extension/test/harness/agent"
)

// HostPlugin gives the handler for port 32526 of the fabric's address: the agent's way to the outside
// through the host.
func (f *Fabric) HostPlugin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /versions", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, []string{"2015-09-01"}) })
	mux.HandleFunc("GET /health", accept)
	mux.HandleFunc("PUT /vmAgentLog", accept)
	mux.HandleFunc("GET /vmSettings", f.vmSettings)
	mux.HandleFunc("GET /extensionArtifact", f.artifact)
	mux.HandleFunc("PUT /status", f.putStatus)
	return mux
}

func writeJSON(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document)
}

// artifact fetches for the agent what the header names: a manifest or a package of ours.
func (f *Fabric) artifact(w http.ResponseWriter, r *http.Request) {
	location, err := url.Parse(r.Header.Get("x-ms-artifact-location"))
	if err != nil || location.Path == "" {
		http.Error(w, "x-ms-artifact-location is needed", http.StatusBadRequest)
		return
	}
	f.WireServer().ServeHTTP(w, httptest.NewRequestWithContext(r.Context(), http.MethodGet, location.String(), nil))
}

// putStatus takes the status as the agent wraps it for the host (hostplugin.py, _build_status_data).
func (f *Fabric) putStatus(w http.ResponseWriter, r *http.Request) {
	var wrapped struct {
		URI     string `json:"requestUri"`
		Content string `json:"content"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, postLimit)).Decode(&wrapped); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	blob, err := base64.StdEncoding.DecodeString(wrapped.Content)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.keep(w, blob, http.StatusOK)
}

// putBlob takes the status that the agent uploads itself when the host does not take it.
func (f *Fabric) putBlob(w http.ResponseWriter, r *http.Request) {
	blob, err := io.ReadAll(io.LimitReader(r.Body, postLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.keep(w, blob, http.StatusCreated)
}

func (f *Fabric) keep(w http.ResponseWriter, blob []byte, code int) {
	f.mu.Lock()
	lose := f.faults.LoseStatus
	f.mu.Unlock()
	if lose {
		http.Error(w, "the fabric was told to lose the status", http.StatusBadGateway)
		return
	}
	if err := f.uploads.add(blob); err != nil {
		f.logf("cannot read an uploaded status: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(code)
}

// vmSettings is the newest goal state with the channel that it came over, or 404 while the plugin
// knows no vmSettings. The agent takes those of the Fabric channel from the WireServer.
func (f *Fabric) vmSettings(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	offered, current, source := f.offered, f.current(), "Fabric"
	if current.created.Equal(f.fast.created) {
		source = "FastTrack"
	}
	f.mu.Unlock()
	if !offered {
		http.NotFound(w, r)
		return
	}
	etag := strconv.Itoa(current.number)
	w.Header().Set("ETag", etag)
	if r.Header.Get("if-none-match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	writeJSON(w, current.vmSettings(source))
}

// vmSettingsDocument is a goal in the HostGAPlugin's words.
type vmSettingsDocument struct {
	HostPlugin  string            `json:"hostGAPluginVersion"`
	Schema      string            `json:"vmSettingsSchemaVersion"`
	Activity    string            `json:"activityId"`
	Correlation string            `json:"correlationId"`
	Number      int               `json:"inSvdSeqNo"`
	Ticks       json.Number       `json:"extensionsLastModifiedTickCount"`
	Source      string            `json:"extensionGoalStatesSource"`
	OnHold      bool              `json:"onHold"`
	Upload      vmSettingsUpload  `json:"statusUploadBlob"`
	Families    []vmSettingsAgent `json:"gaFamilies"`
	Extensions  []vmExtension     `json:"extensionGoalStates"`
}

type vmSettingsUpload struct {
	Type string `json:"statusBlobType"`
	URI  string `json:"value"`
}

type vmSettingsAgent struct {
	Name string   `json:"name"`
	URIs []string `json:"uris"`
}

type vmExtension struct {
	Name      string        `json:"name"`
	Version   string        `json:"version"`
	Location  string        `json:"location"`
	Failover  string        `json:"failoverlocation"`
	State     string        `json:"state"`
	Upgrade   bool          `json:"autoUpgrade"`
	Startup   bool          `json:"runAsStartupTask"`
	JSON      bool          `json:"isJson"`
	Exact     bool          `json:"useExactVersion"`
	Seq       int           `json:"settingsSeqNo"`
	Multi     bool          `json:"isMultiConfig"`
	Settings  []vmExtConfig `json:"settings"`
	DependsOn []vmDependsOn `json:"dependsOn,omitempty"`
}

// vmExtConfig holds the public settings as a text of JSON.
type vmExtConfig struct {
	Thumbprint *string `json:"protectedSettingsCertThumbprint,omitempty"`
	Protected  *string `json:"protectedSettings,omitempty"`
	Public     *string `json:"publicSettings,omitempty"`
}

type vmDependsOn struct {
	On    []vmHandler `json:"dependsOnExtension"`
	Level int         `json:"dependencyLevel"`
}

type vmHandler struct {
	Name string `json:"handler"`
}

func (g goal) vmSettings(source string) vmSettingsDocument {
	document := vmSettingsDocument{
		HostPlugin: "1.0.8.150", Schema: "0.0", Activity: containerID, Correlation: containerID,
		Number: g.number, Ticks: json.Number(ticks(g.created)), Source: source,
		Upload:     vmSettingsUpload{Type: "BlockBlob", URI: statusURL()},
		Families:   []vmSettingsAgent{{Name: "Prod", URIs: []string{manifestURL(agentFamily)}}},
		Extensions: []vmExtension{},
	}
	for _, e := range g.extensions {
		document.Extensions = append(document.Extensions, e.vmExtension())
	}
	return document
}

func (e Extension) vmExtension() vmExtension {
	location := manifestURL(e.Name)
	ext := vmExtension{
		Name: e.Name, Version: e.Version, Location: location, Failover: location, State: e.state(),
		JSON: true, Exact: true, Seq: e.Seq,
	}
	if e.Settings != nil {
		ext.Settings = []vmExtConfig{vmConfig(e.Settings)}
	}
	if e.Level > 0 {
		depends := vmDependsOn{Level: e.Level}
		for _, name := range e.DependsOn {
			depends.On = append(depends.On, vmHandler{name})
		}
		ext.DependsOn = []vmDependsOn{depends}
	}
	return ext
}

func vmConfig(file *agent.File) vmExtConfig {
	config := vmExtConfig{Thumbprint: file.Thumbprint, Protected: file.Protected}
	if file.Public != nil {
		public := string(file.Public)
		config.Public = &public
	}
	return config
}
