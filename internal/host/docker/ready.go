package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Ready waits until the engine answers on its socket. While docker.socket listens, the question
// itself waits in the socket's queue; before that, the appearing of the socket's file is what is
// waited for. An engine that does not answer until ctx ends, or within DefaultWait, gives a fault with
// code fault.EngineSilent and the last reason.
func (e Engine) Ready(ctx context.Context) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	client := e.client()
	defer client.CloseIdleConnections()

	err := Until(ctx, e.appears(ctx), func(ctx context.Context) error { return ping(ctx, client) })
	if err != nil {
		return silent("answer on "+Socket, err)
	}
	return nil
}

// ReadyPlain waits until the engine answers in plain HTTP on a TCP address of this host. Errors are
// those of Ready.
func (e Engine) ReadyPlain(ctx context.Context, at netip.AddrPort) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", reached(at))
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial, Proxy: nil}}
	defer client.CloseIdleConnections()

	err := Until(ctx, nil, func(ctx context.Context) error { return ping(ctx, client) })
	if err != nil {
		return silent(fmt.Sprintf("answer on TCP address %s", at), err)
	}
	return nil
}

// reached gives where a listener can be reached from this host: on all addresses means on loopback.
func reached(at netip.AddrPort) string {
	switch at.Addr() {
	case netip.IPv4Unspecified():
		at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port())
	case netip.IPv6Unspecified():
		at = netip.AddrPortFrom(netip.IPv6Loopback(), at.Port())
	}
	return at.String()
}

// Until tries until it succeeds or ctx ends, and then gives the last try's error. Between tries it
// waits for a hint that something changed, or for a pause that doubles each time.
func Until(ctx context.Context, changed <-chan struct{}, try func(context.Context) error) error {
	var last error
	for pause := pauseMin; ; pause = min(2*pause, pauseMax) {
		err := try(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err // not the error of a try that had no time left
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return outOf(ctx, last)
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// outOf gives the error of a wait whose time is over: that, and the last reason.
func outOf(ctx context.Context, last error) error {
	if errors.Is(last, ctx.Err()) {
		return last
	}
	return fmt.Errorf("%w (%w)", last, ctx.Err())
}

// appears gives a channel with an entry whenever something happens to the socket's file, until ctx
// ends. Without inotify (its watches can be used up) there is no entry, and the pauses do it alone.
func (e Engine) appears(ctx context.Context) <-chan struct{} {
	changed := make(chan struct{}, 1)
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return changed
	}
	path := e.Root.Path(Socket)
	if err := watcher.Add(filepath.Dir(path)); err != nil {
		_ = watcher.Close()
		return changed
	}
	go func() {
		defer watcher.Close()
		forward(ctx, watcher, path, changed)
	}()
	return changed
}

func forward(ctx context.Context, watcher *fsnotify.Watcher, path string, changed chan<- struct{}) {
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-watcher.Events:
			if event.Name != path {
				continue
			}
			select {
			case changed <- struct{}{}:
			default: // one entry is enough
			}
		case _, open := <-watcher.Errors:
			if !open {
				return
			} // a lost event costs no more than a pause
		}
	}
}
