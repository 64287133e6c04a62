package azure

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// uploads keeps every status that came.
type uploads struct {
	mu   sync.Mutex
	all  []Upload
	more chan struct{} // closed when another one has come
}

func (u *uploads) add(content []byte) error {
	upload, err := ParseUpload(content)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	upload.Number, upload.At = len(u.all)+1, time.Now()
	u.all = append(u.all, upload)
	close(u.more)
	u.more = make(chan struct{})
	return nil
}

// after gives the uploads with a larger number, and what is closed when there are more.
func (u *uploads) after(number int) ([]Upload, <-chan struct{}) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.all[min(number, len(u.all)):]), u.more
}

// Uploads gives every status that came, oldest first.
func (f *Fabric) Uploads() []Upload {
	all, _ := f.uploads.after(0)
	return all
}

// Mark gives the number of the newest upload, for Await to begin after it.
func (f *Fabric) Mark() int { return len(f.Uploads()) }

// Await calls look for every upload after the one with this number, old ones and those to come, until
// it says true; it gives that upload. The error at the end of ctx tells the last one seen.
func (f *Fabric) Await(ctx context.Context, number int, look func(Upload) bool) (Upload, error) {
	var last Upload
	for {
		all, more := f.uploads.after(number)
		for _, upload := range all {
			if number, last = upload.Number, upload; look(upload) {
				return upload, nil
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			return last, fmt.Errorf("no such status was uploaded: %w; the last of %d: %s", ctx.Err(), last.Number, last.Blob)
		}
	}
}
