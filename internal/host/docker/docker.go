// Package docker talks to the engine: over its unix socket, in plain HTTP, and over the TCP port,
// only to see that it is served as it should be. It asks for little (/_ping, /info, /events, /auth, and
// containers, images and networks by their names), all of it unchanged since the first versions of the
// API, so that no client library is needed.
package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

// Socket is where the engine listens on this host.
const Socket = "/run/docker.sock"

// Bounds of single questions; that the asking ends earlier is for the caller's context to say.
const (
	DefaultWait = 2 * time.Minute  // of a whole call
	askTimeout  = 10 * time.Second // of one question
	pauseMin    = 20 * time.Millisecond
	pauseMax    = time.Second
	mostBytes   = 4 << 20 // of one answer
)

// Engine is the Docker engine of the host at Root.
type Engine struct {
	Root files.Root
}

// Info is the part of the engine's own description (GET /info) that we have a use for.
type Info struct {
	ServerVersion      string
	Labels             []string
	LiveRestoreEnabled bool
	Swarm              struct{ LocalNodeState string }
	ContainersRunning  int
	Driver             string
}

// Info asks the engine to describe itself.
func (e Engine) Info(ctx context.Context) (Info, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	client := e.client()
	defer client.CloseIdleConnections()

	body, err := get(ctx, client, "/info")
	if err != nil {
		return Info{}, silent("describe itself", err)
	}
	defer body.Close()
	var info Info
	if err := json.NewDecoder(io.LimitReader(body, mostBytes)).Decode(&info); err != nil {
		return Info{}, silent("describe itself", err)
	}
	return info, nil
}

// client speaks HTTP over the engine's socket. Its connections are the caller's to close.
func (e Engine) client() *http.Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "unix", e.Root.Path(Socket))
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, Proxy: nil}}
}

// get asks for a path and gives the answer's body, which the caller closes.
func get(ctx context.Context, client *http.Client, path string) (io.ReadCloser, error) {
	return ask(ctx, client, http.MethodGet, path, nil)
}

// ask sends a request and gives the body of a good answer, which the caller closes; any other answer is
// an *answerError.
func ask(ctx context.Context, client *http.Client, method, path string, body io.Reader) (io.ReadCloser, error) {
	// The host is there for form only: the transport knows where to go.
	request, err := http.NewRequestWithContext(ctx, method, "http://docker"+path, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		// Without the made-up address.
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 4096))
		return nil, errors.Join(&answerError{response.StatusCode, words(text), path}, response.Body.Close())
	}
	return response.Body, nil
}

// words gives the engine's message in an answer, which is JSON if the API itself speaks.
func words(text []byte) string {
	var answer struct{ Message string }
	if json.Unmarshal(text, &answer) == nil && answer.Message != "" {
		return answer.Message
	}
	return string(bytes.TrimSpace(text))
}

// ping asks whether the engine is there.
func ping(ctx context.Context, client *http.Client) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	body, err := get(ctx, client, "/_ping")
	if err != nil {
		return err
	}
	return body.Close()
}

// silent makes the fault of an engine that does not do what it should.
func silent(what string, err error) error {
	return fault.New(fault.EngineSilent, "", "see journalctl -u docker.service for what the engine is doing",
		"the engine does not %s: %w", what, err)
}

// bounded gives ctx a deadline within DefaultWait, whatever later one it has: that is the caller's for all
// that it does, and an engine that does not answer must not use it up.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, DefaultWait)
}
