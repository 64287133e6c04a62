package enable

import (
	"context"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
	"github.com/sirupsen/logrus"
)

// watcher knows whether the run in hand is still wanted. It is not when a newer order lies on the
// desk, or when the unit was asked to stop.
type watcher struct {
	superseded <-chan struct{} // closed as soon as it is not
	supersede  context.CancelFunc
	notify     *fsnotify.Watcher
}

// watch looks out until stop is called. A desk that cannot be watched is no reason not to work: a
// newer order is then taken up after this one.
func (e Enable) watch(ctx context.Context, log *logrus.Entry) *watcher {
	ctx, supersede := context.WithCancel(ctx)
	w := &watcher{superseded: ctx.Done(), supersede: supersede}
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		log.WithError(err).Warn("cannot watch for newer settings")
		return w
	}
	w.notify = notify
	if err := notify.Add(e.Root.Path(runFolder)); err != nil {
		log.WithError(err).Warn("cannot watch for newer settings")
	}
	go w.follow()
	// One that came between the taking of our order and the watch has made no event.
	if e.Root.Exists(orderFile) {
		w.supersede()
	}
	return w
}

func (w *watcher) follow() {
	for event := range w.notify.Events {
		if filepath.Base(event.Name) == filepath.Base(orderFile) && event.Has(fsnotify.Create) {
			w.supersede()
		}
	}
}

func (w *watcher) stop() {
	w.supersede()
	if w.notify != nil {
		_ = w.notify.Close()
	}
}
