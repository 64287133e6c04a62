package azure

import (
	"io"
	"net/http"
	"strconv"

	"docker-extension/test/vm"
)

const (
	// postLimit is the largest body that is read, in bytes.
	postLimit = 8 << 20
	// telemetryLimit is how much of all events is kept, in bytes.
	telemetryLimit = 32 << 20
	// agentFamily is the name under which newer agents would be published. There are none.
	agentFamily = "WALinuxAgent"
)

func wireURL(path string) string { return "http://" + vm.FabricAddress + path }

func manifestURL(name string) string { return wireURL("/manifest/" + name + ".xml") }

// statusURL is where the status is to be kept; like Azure's it has a signature that grants the right.
func statusURL() string {
	return wireURL("/status/vm.status?sv=2018-03-28&sr=b&sk=system-1&sp=w&sig=fake")
}

// WireServer gives the handler for port 80 of the fabric's address. Manifests, packages and the status
// blob, which Azure keeps in storage accounts, are there as well.
func (f *Fabric) WireServer() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", f.versions)
	mux.HandleFunc("GET /machine/{$}", f.poll)
	mux.HandleFunc("GET /machine/{container}/{instance}", f.config)
	mux.HandleFunc("POST /machine", f.post)
	mux.HandleFunc("POST /HealthService", accept)
	mux.HandleFunc("GET /manifest/{file}", f.manifest)
	mux.HandleFunc("GET /package/{name}/{file}", f.download)
	mux.HandleFunc("PUT /status/{file}", f.putBlob)
	mux.HandleFunc("GET /metadata/instance/{part...}", f.instanceMetadata) // the agent's fallback
	return mux
}

func accept(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, postLimit))
	w.WriteHeader(http.StatusOK)
}

func (f *Fabric) versions(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("comp") != "versions" {
		http.NotFound(w, r)
		return
	}
	writeXML(w, versions{Preferred: "2015-04-05", Supported: []string{"2015-04-05", wireVersion, "2012-09-15"}})
}

func (f *Fabric) poll(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("comp") != "goalstate" {
		http.NotFound(w, r)
		return
	}
	f.mu.Lock()
	number := f.fabric.number
	f.mu.Unlock()
	writeXML(w, f.goalState(number))
}

// config answers the URIs of the goal state. One of an incarnation that has passed is gone, as in
// Azure; the agent then asks for the goal state again.
func (f *Fabric) config(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	current := f.fabric
	f.mu.Unlock()
	query := r.URL.Query()
	if query.Get("incarnation") != strconv.Itoa(current.number) {
		w.WriteHeader(http.StatusGone)
		return
	}
	if query.Get("comp") == "certificates" {
		f.certificates(w, r)
		return
	}
	switch query.Get("type") {
	case "hostingEnvironmentConfig":
		writeXMLText(w, hostingEnvironment)
	case "sharedConfig":
		writeXMLText(w, sharedConfig)
	case "extensionsConfig":
		config, err := current.extensionsConfig()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		writeXML(w, config)
	default:
		http.NotFound(w, r)
	}
}

// post takes health reports, role properties and events.
func (f *Fabric) post(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, postLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch r.URL.Query().Get("comp") {
	case "health":
	case "roleProperties":
		w.WriteHeader(http.StatusAccepted)
	case "telemetrydata":
		f.mu.Lock()
		if len(f.seen.Telemetry) < telemetryLimit {
			f.seen.Telemetry = append(f.seen.Telemetry, body...)
		}
		f.mu.Unlock()
	default:
		http.NotFound(w, r)
	}
}
