package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The labels by which compose, of any version, knows its own (docker/compose's pkg/api/labels.go, and
// compose/const.py of the one in Python).
const (
	projectLabel = "com.docker.compose.project"
	serviceLabel = "com.docker.compose.service"
	oneoffLabel  = "com.docker.compose.oneoff"
	folderLabel  = "com.docker.compose.project.working_dir" // since compose 1.25
)

// stopWithin bounds the stop of one container; its own grace time, 10 s unless its image says otherwise,
// is waited for by the engine.
const stopWithin = 3 * time.Minute

// Container is a container of a compose project.
type Container struct {
	ID       string
	Name     string
	Service  string
	Folder   string // of the compose file that it was made from; "" if its compose does not tell
	OneOff   bool   // made by `compose run`
	State    string // "running", "restarting", "exited", "created", "paused", "dead", "removing"
	ExitCode int    // of an exited container
	Error    string // why the engine could not start it
	Restarts int    // how often its restart policy has started it again
	TTY      bool
}

// Containers gives the containers of a project, those of `compose run` too.
func (e Engine) Containers(ctx context.Context, project string) ([]Container, error) {
	var list []struct {
		ID     string `json:"Id"`
		Names  []string
		State  string
		Labels map[string]string
	}
	if err := e.read(ctx, "list containers", "/containers/json?all=1&"+labelled(project), &list); err != nil {
		return nil, err
	}
	var found []Container
	for _, entry := range list {
		c := Container{ID: entry.ID, Service: entry.Labels[serviceLabel], Folder: entry.Labels[folderLabel], State: entry.State}
		c.OneOff = strings.EqualFold(entry.Labels[oneoffLabel], "true")
		if len(entry.Names) > 0 {
			c.Name = strings.TrimPrefix(entry.Names[0], "/")
		}
		found = append(found, c)
	}
	return found, nil
}

// Look fills in what the list of containers does not say. A container that is gone by now stays as it is.
func (e Engine) Look(ctx context.Context, c Container) (Container, error) {
	var full struct {
		State struct {
			Status   string
			ExitCode int
			Error    string
		}
		RestartCount int
		Config       struct{ Tty bool }
	}
	err := e.read(ctx, "describe a container", "/containers/"+c.ID+"/json", &full)
	if statusOf(err) == http.StatusNotFound {
		return c, nil
	}
	c.State, c.ExitCode, c.Error = full.State.Status, full.State.ExitCode, full.State.Error
	c.Restarts, c.TTY = full.RestartCount, full.Config.Tty
	return c, err
}

// HasImage tells whether the engine has an image by this name.
func (e Engine) HasImage(ctx context.Context, name string) (bool, error) {
	var image struct{ ID string }
	// The engine takes slashes and colons in the path as they are.
	path := "/images/" + (&url.URL{Path: name}).EscapedPath() + "/json"
	switch err := e.read(ctx, "look for an image", path, &image); statusOf(err) {
	case http.StatusNotFound, http.StatusBadRequest:
		return false, nil
	default:
		return err == nil, err
	}
}

// Remove stops a container as its image wants to be stopped, and removes it. Its volumes stay. One that
// is gone is no error.
func (e Engine) Remove(ctx context.Context, c Container) error {
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	for _, act := range [][2]string{
		{http.MethodPost, "/containers/" + c.ID + "/stop"},
		{http.MethodDelete, "/containers/" + c.ID + "?force=1"},
	} {
		if err := e.do(ctx, act[0], act[1], nil); err != nil && statusOf(err) != http.StatusNotFound {
			return silent("remove the container "+c.Name, err)
		}
	}
	return nil
}

// RemoveNetworks removes the networks of a project. One that somebody else uses stays.
func (e Engine) RemoveNetworks(ctx context.Context, project string) error {
	var list []struct {
		ID string `json:"Id"`
	}
	if err := e.read(ctx, "list networks", "/networks?"+labelled(project), &list); err != nil {
		return err
	}
	for _, network := range list {
		err := e.do(ctx, http.MethodDelete, "/networks/"+network.ID, nil)
		if status := statusOf(err); err != nil && status != http.StatusNotFound && status != http.StatusForbidden {
			return silent("remove a network of project "+project, err)
		}
	}
	return nil
}

// LastLines gives what a container printed last, at most so many lines, in one; "" if there is nothing,
// or its log cannot be read (not every log driver lets one).
func (e Engine) LastLines(ctx context.Context, c Container, most int) string {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	client := e.client()
	defer client.CloseIdleConnections()
	body, err := get(ctx, client, "/containers/"+c.ID+"/logs?stdout=1&stderr=1&tail="+strconv.Itoa(most))
	if err != nil {
		return ""
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, mostBytes))
	if err != nil {
		return ""
	}
	if !c.TTY {
		text = unframed(text)
	}
	var lines []string
	for line := range strings.Lines(strings.ToValidUTF8(string(text), "?")) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " | ")
}

// unframed takes the frames off a log: 8 bytes before each piece, the last four of which are its length
// (API reference, "Attach to a container", stream format).
func unframed(text []byte) []byte {
	const header = 8
	var plain []byte
	for len(text) >= header {
		length := int(text[4])<<24 | int(text[5])<<16 | int(text[6])<<8 | int(text[7])
		text = text[header:]
		length = min(max(length, 0), len(text))
		plain, text = append(plain, text[:length]...), text[length:]
	}
	return plain
}

func labelled(project string) string {
	filters, err := json.Marshal(map[string][]string{"label": {projectLabel + "=" + project}})
	if err != nil {
		return "" // strings are always encoded
	}
	return url.Values{"filters": {string(filters)}}.Encode()
}

// read asks for a path and decodes the answer.
func (e Engine) read(ctx context.Context, what, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	client := e.client()
	defer client.CloseIdleConnections()
	body, err := get(ctx, client, path)
	if err == nil {
		defer body.Close()
		err = json.NewDecoder(io.LimitReader(body, mostBytes)).Decode(into)
	}
	if err != nil {
		return silent(what, err)
	}
	return nil
}

// do sends a request, with a body in JSON if there is one, and wants a good answer.
func (e Engine) do(ctx context.Context, method, path string, body []byte) error {
	client := e.client()
	defer client.CloseIdleConnections()
	answer, err := ask(ctx, client, method, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	return answer.Close()
}

// answerError is an answer of the engine that is not a good one.
type answerError struct {
	status  int
	message string // the engine's own words
	path    string
}

func (e *answerError) Error() string {
	return fmt.Sprintf("the engine answered %d %s to %s: %s", e.status, http.StatusText(e.status), e.path, e.message)
}

// statusOf gives the status of the answer that an error stands for; 0 if it stands for none.
func statusOf(err error) int {
	var answer *answerError
	if errors.As(err, &answer) {
		return answer.status
	}
	return 0
}
