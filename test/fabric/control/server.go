// Package control drives a fabric from another process: a small HTTP API on a unix socket, and its
// client.
//
//	PUT    /packages/{name}/{version}   publish the zip in the body
//	PUT    /extensions/{name}           an azure.Change: a new goal state
//	DELETE /extensions/{name}           a goal state without the extension
//	GET    /goal                        the goal state
//	POST   /next                        raise the incarnation, change nothing
//	PUT    /faults                      azure.Faults
//	PUT    /vmsettings?offered=true     whether the HostGAPlugin offers vmSettings
//	GET    /uploads?after=7&wait=30s    the newest upload after the seventh; waits for one
//
// A change answers with the number of the goal state, as JSON.
package control

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/harness/agent"
)

// zipLimit is the largest package that is taken, in bytes.
const zipLimit = 256 << 20

// Goal is the answer to GET /goal.
type Goal struct {
	Number     int               `json:"number"`
	Extensions []azure.Extension `json:"extensions"`
}

// Socket gives the path of the socket of the fabric of a VM.
func Socket(machine string) string {
	return filepath.Join("/run/docker-extension-test", "fabric-"+machine+".sock")
}

// Listen opens the socket at path; only root can connect. A socket that a killed process left there
// is replaced.
func Listen(ctx context.Context, path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// Serve answers on the socket until ctx ends, and removes it.
func Serve(ctx context.Context, listener net.Listener, fabric *azure.Fabric) error {
	server := &http.Server{Handler: Handler(fabric), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Handler gives the API of a fabric.
func Handler(f *azure.Fabric) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /packages/{name}/{version}", func(w http.ResponseWriter, r *http.Request) {
		content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, zipLimit))
		if err == nil {
			f.Publish(r.PathValue("name"), agent.Package{Version: r.PathValue("version"), Zip: content})
		}
		answer(w, nil, err)
	})
	mux.HandleFunc("PUT /extensions/{name}", func(w http.ResponseWriter, r *http.Request) {
		var change azure.Change
		if err := decode(r, &change); err != nil {
			answer(w, nil, err)
			return
		}
		number, err := f.Apply(r.Context(), r.PathValue("name"), change)
		answer(w, number, err)
	})
	mux.HandleFunc("DELETE /extensions/{name}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, f.Drop(r.PathValue("name")), nil)
	})
	mux.HandleFunc("GET /goal", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, Goal{f.Number(), f.Extensions()}, nil)
	})
	mux.HandleFunc("POST /next", func(w http.ResponseWriter, _ *http.Request) { answer(w, f.Next(), nil) })
	mux.HandleFunc("PUT /faults", func(w http.ResponseWriter, r *http.Request) {
		var faults azure.Faults
		err := decode(r, &faults)
		if err == nil {
			f.SetFaults(faults)
		}
		answer(w, nil, err)
	})
	mux.HandleFunc("PUT /vmsettings", func(w http.ResponseWriter, r *http.Request) {
		offered, err := strconv.ParseBool(r.URL.Query().Get("offered"))
		if err == nil {
			f.OfferVMSettings(offered)
		}
		answer(w, nil, err)
	})
	mux.HandleFunc("GET /uploads", func(w http.ResponseWriter, r *http.Request) { uploads(w, r, f) })
	return mux
}

// uploads answers with the newest upload after a number, or with null when none comes in time.
func uploads(w http.ResponseWriter, r *http.Request, f *azure.Fabric) {
	query := r.URL.Query()
	after, err := strconv.Atoi(query.Get("after"))
	if err != nil {
		answer(w, nil, err)
		return
	}
	wait, err := time.ParseDuration(query.Get("wait"))
	if err != nil {
		answer(w, nil, err)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	if _, err := f.Await(ctx, after, func(azure.Upload) bool { return true }); err != nil {
		answer(w, nil, nil)
		return
	}
	all := f.Uploads()
	answer(w, all[len(all)-1], nil)
}

func decode(r *http.Request, into any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func answer(w http.ResponseWriter, document any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		document = map[string]string{"error": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(document)
}
