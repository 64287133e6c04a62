package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
)

// AwaitReload waits until the engine has said, in an event of its own, that it took over its
// configuration at the given time or later; take the time right before the reload is asked for. An
// engine that finds its new configuration wrong says so in the journal only, and sends no event:
// then the wait ends with ctx, or after DefaultWait. Where the file of its socket is gone
// nobody can be asked, and nothing is waited for: the socket has to be opened anew, and the engine with
// it. Errors are those of Ready.
func (e Engine) AwaitReload(ctx context.Context, since time.Time) error {
	if !e.Root.Exists(Socket) {
		return nil
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	client := e.client()
	defer client.CloseIdleConnections()

	err := Until(ctx, nil, func(ctx context.Context) error {
		body, err := get(ctx, client, eventsPath(since))
		if err != nil {
			return err
		}
		defer body.Close()
		if err := awaitEvent(body); err != nil {
			return fmt.Errorf("no event says so: %w", err)
		}
		return nil
	})
	if err != nil {
		return silent("take over its new configuration", err)
	}
	return nil
}

// eventsPath asks for reloads of the daemon. The engine keeps its latest 256 events, so that one
// that came before the question is answered too.
func eventsPath(since time.Time) string {
	query := url.Values{
		"filters": {`{"type":["daemon"],"event":["reload"]}`},
		"since":   {fmt.Sprintf("%d.%09d", since.Unix(), since.Nanosecond())},
	}
	return "/events?" + query.Encode()
}

// event is one entry of the stream; nothing else than what the filter lets through comes, which is
// checked all the same, because an engine ignores a filter that it does not know.
type event struct{ Type, Action string }

// awaitEvent reads the stream until the event comes.
func awaitEvent(stream io.Reader) error {
	events := json.NewDecoder(stream)
	for {
		var e event
		err := events.Decode(&e)
		if errors.Is(err, io.EOF) {
			return errors.New("the stream of events ended")
		}
		if err != nil {
			return err
		}
		if e.Type == "daemon" && e.Action == "reload" {
			return nil
		}
	}
}
