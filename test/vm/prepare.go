package vm

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	prepareTimeout = 15 * time.Minute // for a slow mirror; a minute is usual
	lockRetry      = 200 * time.Millisecond
)

// CacheFolder is where roots and the disks of machines lie: $DOCKER_EXTENSION_CACHE, or a folder
// of the system's cache.
func CacheFolder() string {
	if folder := os.Getenv("DOCKER_EXTENSION_CACHE"); folder != "" {
		return folder
	}
	return "/var/cache/docker-extension-test"
}

// Prepare makes the root file system of a suite if there is none of the present recipe, and gives
// its folder. Two processes that ask at once build it once. Progress goes to log, which may be nil.
func Prepare(ctx context.Context, suite string, log io.Writer) (string, error) {
	r, err := newRecipe(ctx, suite)
	if err != nil {
		return "", err
	}
	root := filepath.Join(CacheFolder(), "roots", r.name())
	if exists(root) {
		return root, nil
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	lock := flock.New(filepath.Join(CacheFolder(), suite+".lock"))
	if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
		return "", fmt.Errorf("cannot lock %s: %w", lock.Path(), err)
	}
	defer lock.Unlock()
	if exists(root) { // another process has built it while this one waited
		return root, nil
	}
	return root, build(ctx, r, root, log)
}

// build makes the root in a folder beside it and moves it into place when it is whole.
func build(ctx context.Context, r recipe, root string, log io.Writer) error {
	start := time.Now()
	report(log, "preparing the root file system of %s (once; about a minute)", r.suite)
	part := filepath.Join(filepath.Dir(root), "."+r.suite+".building")
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	if err := fill(ctx, r, part, root+".log"); err != nil {
		return fmt.Errorf("cannot prepare %s: %w; the last lines of %s are:\n%s",
			r.suite, err, root+".log", tail(root+".log", 15))
	}
	if err := os.Rename(part, root); err != nil {
		return err
	}
	report(log, "%s is prepared in %s (%.1f s)", r.suite, root, time.Since(start).Seconds())
	return nil
}

// fill runs debootstrap, lays the recipe's files and runs its script. Both children live in a
// mount namespace of their own, so that a killed debootstrap leaves no mounts.
func fill(ctx context.Context, r recipe, root, logPath string) error {
	logFile, err := os.Create(logPath)
	if err != nil {
		return err
	}
	defer logFile.Close()
	run := func(args ...string) error {
		cmd := groupCommand(ctx, "unshare", append([]string{"--mount"}, args...)...)
		cmd.Stdout, cmd.Stderr = logFile, logFile
		return cmd.Run()
	}
	err = run("debootstrap", "--variant=minbase", "--include="+basePackages, r.suite, root, r.mirrors.main)
	if err != nil {
		return fmt.Errorf("debootstrap failed: %w", err)
	}
	for path, content := range r.files() {
		if err := os.WriteFile(filepath.Join(root, path), []byte(content), 0o644); err != nil {
			return err
		}
	}
	if err := run("chroot", root, "/bin/sh", "-c", r.script()); err != nil {
		return fmt.Errorf("cannot finish the root: %w", err)
	}
	return nil
}

// exists tells whether a path is there.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// report writes one line of progress; log may be nil.
func report(log io.Writer, format string, args ...any) {
	if log != nil {
		fmt.Fprintf(log, format+"\n", args...)
	}
}
