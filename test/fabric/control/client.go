package control

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/harness/agent"
)

// Client drives the fabric behind a socket.
type Client struct{ http *http.Client }

// Dial gives a client of the socket at path. Nothing is sent yet.
func Dial(path string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}
	return &Client{&http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// Publish makes a version of an extension available.
func (c *Client) Publish(ctx context.Context, name string, pkg agent.Package) error {
	return c.call(ctx, http.MethodPut, "/packages/"+url.PathEscape(name)+"/"+url.PathEscape(pkg.Version), pkg.Zip, nil)
}

// Apply changes one extension and gives the number of the goal state.
func (c *Client) Apply(ctx context.Context, name string, change azure.Change) (number int, err error) {
	return number, c.call(ctx, http.MethodPut, "/extensions/"+url.PathEscape(name), change, &number)
}

// Drop makes a goal state without an extension and gives its number.
func (c *Client) Drop(ctx context.Context, name string) (number int, err error) {
	return number, c.call(ctx, http.MethodDelete, "/extensions/"+url.PathEscape(name), nil, &number)
}

// Next raises the incarnation and gives the number of the goal state.
func (c *Client) Next(ctx context.Context) (number int, err error) {
	return number, c.call(ctx, http.MethodPost, "/next", nil, &number)
}

// Goal gives the goal state.
func (c *Client) Goal(ctx context.Context) (goal Goal, err error) {
	return goal, c.call(ctx, http.MethodGet, "/goal", nil, &goal)
}

// SetFaults replaces the faults.
func (c *Client) SetFaults(ctx context.Context, faults azure.Faults) error {
	return c.call(ctx, http.MethodPut, "/faults", faults, nil)
}

// OfferVMSettings says whether the HostGAPlugin knows vmSettings.
func (c *Client) OfferVMSettings(ctx context.Context, offered bool) error {
	return c.call(ctx, http.MethodPut, "/vmsettings?offered="+strconv.FormatBool(offered), nil, nil)
}

// Newest gives the newest upload after the one with this number; it waits for one up to a time, and
// gives nil when none has come.
func (c *Client) Newest(ctx context.Context, after int, wait time.Duration) (upload *azure.Upload, err error) {
	query := url.Values{"after": {strconv.Itoa(after)}, "wait": {wait.String()}}
	return upload, c.call(ctx, http.MethodGet, "/uploads?"+query.Encode(), nil, &upload)
}

// call sends body, as it is if it is bytes and as JSON if it is anything else, and reads the answer.
func (c *Client) call(ctx context.Context, method, path string, body, into any) error {
	content, raw := body.([]byte)
	if body != nil && !raw {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://fabric"+path, bytes.NewReader(content))
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("cannot reach the fabric: %w (is `fabric serve` running?)", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the fabric refuses: %s", text)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(text, into)
}
