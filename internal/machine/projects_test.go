package machine

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"docker-extension/internal/engine"
	"docker-extension/internal/host"
	"docker-extension/internal/host/docker"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// An engine that answers, and does not say what runs, keeps nobody from mending it: its containers are unknown,
// as those of one that is down. One that says so when it is asked again is believed.
func TestSurveyOfAnEngineThatCannotSay(t *testing.T) {
	const list, describe = "/containers/json", "/containers/1/json"
	for name, c := range map[string]struct {
		fails string // the question that is answered with an error
		times int    // so often
		known bool
	}{
		"answers":                      {"", 0, true},
		"cannot list containers":       {list, 1 << 20, false},
		"cannot describe a container":  {describe, 1 << 20, false},
		"cannot list them at first":    {list, 1, true},
		"cannot describe one at first": {describe, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			m := machineWithEngine(t, &log, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == c.fails && c.times > 0:
					c.times--
					http.Error(w, "busy", http.StatusInternalServerError)
				case r.URL.Path == list:
					fmt.Fprint(w, `[{"Id":"1","State":"exited","Labels":{"com.docker.compose.service":"db"}}]`)
				case r.URL.Path == describe:
					fmt.Fprint(w, `{"State":{"Status":"exited"}}`)
				}
			})
			limit := time.Minute
			if !c.known {
				limit = 2 * time.Second // which is used up
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			facts, err := m.SurveyProjects(ctx)
			if found := facts.Containers["shop"]; err != nil || (len(found) == 1) != c.known || !c.known && facts.Containers != nil {
				t.Errorf("found %v, %v", facts.Containers, err)
			}
			if lines := strings.Count(log.String(), "500 Internal Server Error"); (lines == 0) != c.known || lines > 1 {
				t.Errorf("logged %s", log.String())
			}
		})
	}
}

// machineWithEngine is a host with a project in its record, and an engine that runs.
func machineWithEngine(t *testing.T, log *bytes.Buffer, answer http.HandlerFunc) *Machine {
	t.Helper()
	dir, err := os.MkdirTemp("", "machine") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	root := files.New(dir)
	if err := host.SaveLedger(root, state.Ledger{Projects: map[string]state.Raised{"shop": {}}}); err != nil {
		t.Fatal(err)
	}
	running := filepath.Join("/run/systemd/units", "invocation:"+engine.Service)
	if err := root.Write(running, state.File{Exists: true, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", root.Path(docker.Socket))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: answer}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	logger := logrus.New()
	logger.SetOutput(log)
	return New(root, logrus.NewEntry(logger))
}
