package files

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"docker-extension/internal/fault"
)

const lockPath = "/run/x/verb.lock"

func TestLockFile(t *testing.T) {
	root, dir := testRoot(t)
	unlock, ok, err := root.TryLock(lockPath)
	if !ok || err != nil {
		t.Fatalf("TryLock gave %v, %v", ok, err)
	}
	wantMode(t, filepath.Join(dir, "run/x"), 0o700)
	wantMode(t, root.Path(lockPath), 0o600)
	if _, ok, err := root.TryLock(lockPath); ok || err != nil {
		t.Fatalf("a second TryLock gave %v, %v", ok, err)
	}
	unlock()
	wantNames(t, filepath.Join(dir, "run/x"), "verb.lock") // the file stays

	unlock, ok, err = root.TryLock(lockPath)
	if !ok || err != nil {
		t.Fatalf("TryLock after unlock gave %v, %v", ok, err)
	}
	unlock()
}

func TestLockGivesUpWithItsContext(t *testing.T) {
	root, _ := testRoot(t)
	unlock, err := root.Lock(t.Context(), lockPath)
	must(t, err)
	defer unlock()

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = root.Lock(ctx, lockPath)
	wantFault(t, err, fault.Busy, lockPath, "another process holds it")
}

func TestLockLetsOneInAtATime(t *testing.T) {
	root, _ := testRoot(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var inside, most atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			unlock, err := root.Lock(ctx, lockPath)
			if err != nil {
				t.Error(err)
				return
			}
			defer unlock()
			most.Store(max(most.Load(), inside.Add(1)))
			inside.Add(-1)
		})
	}
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d held the lock at once", most.Load())
	}
}

func TestLockRefusesALink(t *testing.T) {
	root, dir := testRoot(t)
	must(t, root.MakeDir("/run/x", 0o700))
	must(t, os.Symlink("elsewhere", filepath.Join(dir, "run/x/verb.lock")))
	_, err := root.Lock(t.Context(), lockPath)
	wantFault(t, err, fault.HostFiles, lockPath, "a symbolic link")
	_, _, err = root.TryLock(lockPath)
	wantFault(t, err, fault.HostFiles, lockPath, "a symbolic link")
}

// Whoever waited for a lock whose file was then deleted must not believe that it has the lock.
func TestLockOfADeletedFileDoesNotCount(t *testing.T) {
	root, _ := testRoot(t)
	old, err := root.lockFile(lockPath)
	must(t, err)
	must(t, old.Lock())
	defer func() { _ = old.Close() }()
	if !stillThere(old) {
		t.Error("the file is there")
	}
	must(t, root.Remove(lockPath))
	if stillThere(old) {
		t.Error("the file is gone")
	}
	unlock, ok, err := root.TryLock(lockPath)
	if !ok || err != nil {
		t.Fatalf("TryLock of a new file gave %v, %v", ok, err)
	}
	defer unlock()
	if stillThere(old) {
		t.Error("the file at this path is another one")
	}
}
