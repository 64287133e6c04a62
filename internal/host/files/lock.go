package files

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"docker-extension/internal/fault"
)

// retryDelay is how long Lock waits between two tries: flock(2) itself cannot be given a deadline.
const retryDelay = 50 * time.Millisecond

// Lock takes the lock file p and gives the function that lets it go again; call it once. It waits
// as long as ctx lives; a lock that is not had by then is a fault with code fault.Busy.
//
// The kernel lets go of the lock when the process ends, however it ends. Letting go does not delete
// the file. Where somebody else does, a process that waits for the deleted file and one that makes it
// anew would hold two different locks of one name: so a lock counts only if its file is still there.
func (r Root) Lock(ctx context.Context, p string) (unlock func(), err error) {
	for {
		lock, err := r.lockFile(p)
		if err != nil {
			return nil, err
		}
		_, err = lock.TryLockContext(ctx, retryDelay)
		if err != nil && ctx.Err() != nil {
			return nil, fault.New(fault.Busy, p, "wait until the other run has ended (fuser shows it), then try again",
				"cannot lock: another process holds it: %w", err)
		}
		if err != nil {
			return nil, failed("lock", p, err)
		}
		if stillThere(lock) {
			return unlocker(lock), nil
		}
		unlocker(lock)()
	}
}

// TryLock takes the lock file p if nobody has it; ok tells whether it did. It does not wait.
func (r Root) TryLock(p string) (unlock func(), ok bool, err error) {
	for {
		lock, err := r.lockFile(p)
		if err != nil {
			return nil, false, err
		}
		ok, err = lock.TryLock()
		if err != nil {
			return nil, false, failed("lock", p, err)
		}
		if !ok {
			return nil, false, nil
		}
		if stillThere(lock) {
			return unlocker(lock), true, nil
		}
		unlocker(lock)()
	}
}

// stillThere tells whether the file that is locked is the one at the lock's path.
func stillThere(lock *flock.Flock) bool {
	locked, err := lock.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(lock.Path())
	return err == nil && os.SameFile(locked, named)
}

func (r Root) lockFile(p string) (*flock.Flock, error) {
	if err := r.MakeDir(filepath.Dir(p), 0o700); err != nil {
		return nil, err
	}
	if info, err := os.Lstat(r.Path(p)); err == nil && !info.Mode().IsRegular() {
		return nil, irregular("lock", p, info.Mode())
	}
	return flock.New(r.Path(p),
		flock.SetPermissions(0o600),
		flock.SetFlag(os.O_CREATE|os.O_RDONLY|syscall.O_NOFOLLOW)), nil
}

// unlocker drops the error of Unlock, which flock(2) does not know for an open file: closing it, at
// the latest at the end of the process, lets go of the lock in any case.
func unlocker(lock *flock.Flock) func() {
	return func() { _ = lock.Unlock() }
}
