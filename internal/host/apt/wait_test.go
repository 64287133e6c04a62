package apt

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/patience"
	"docker-extension/internal/state"
)

// impatient gives a context of a run that does not wait.
func impatient(t *testing.T) context.Context {
	return patience.With(t.Context(), patience.New(-1, nil, nil))
}

// A lock that a process really holds is seen before anything is started, and its holder is named. Newer
// settings end the wait at once.
func TestInstallWaitsForAHolder(t *testing.T) {
	for _, lock := range []string{frontendLock, dpkgLock, listsLock, archivesLock} {
		t.Run(lock, func(t *testing.T) {
			d := newDebian(t, installed("libc6"), brings("docker.io"))
			d.write(t, lock, "")
			release := hold(t, filepath.Join(d.dir, lock))
			var said []string
			ctx := patience.With(t.Context(), patience.New(time.Minute, nil, func(text string) { said = append(said, text); release() }))
			if err := d.Install(ctx, state.Installation{Packages: []string{"docker.io"}}); err != nil {
				t.Fatal(err)
			}
			if len(said) == 0 || !strings.Contains(said[0], "waiting for python3 (process ") || !strings.Contains(said[0], "which holds "+filepath.Join(lock)) {
				t.Errorf("said %q", said)
			}

			d.write(t, "/calls", "")
			release = hold(t, filepath.Join(d.dir, lock))
			defer release()
			newer := make(chan struct{})
			d.Pause = time.Minute
			ctx = patience.With(t.Context(), patience.New(time.Hour, newer, func(string) { close(newer) }))
			if err := d.Install(ctx, state.Installation{Packages: []string{"docker.io"}}); fault.CodeOf(err) != fault.Superseded {
				t.Errorf("got %v", err)
			}
			for _, call := range d.calls(t) {
				if strings.Contains(call, " install ") {
					t.Errorf("started although it had to wait: %q", call)
				}
			}

			if err := d.Install(impatient(t), state.Installation{Packages: []string{"docker.io"}}); lock != listsLock &&
				(fault.CodeOf(err) != fault.Busy || !strings.Contains(err.Error(), "another process holds "+lock+": python3 (process ")) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Newer settings that were there before, and packages that were fetched before: nothing is installed, and why is said.
func TestInstallGivesWayWithFetchedPackages(t *testing.T) {
	d := newDebian(t, installed("libc6"), brings("docker.io"))
	newer := make(chan struct{})
	close(newer)
	ctx := patience.With(t.Context(), patience.New(time.Hour, newer, func(string) {}))
	if err := d.Install(ctx, state.Installation{Packages: []string{"docker.io"}, Fetched: true}); fault.CodeOf(err) != fault.Superseded {
		t.Errorf("got %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := d.Install(ended, state.Installation{Packages: []string{"docker.io"}, Fetched: true}); err == nil {
		t.Error("installed although its time was over")
	}
}

// hold lets another process hold a lock until release is called.
func hold(t *testing.T, file string) (release func()) {
	t.Helper()
	holder := exec.CommandContext(t.Context(), "python3", "-c", "import fcntl, sys\nf = open(sys.argv[1], 'w')\nfcntl.lockf(f, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()", file)
	stdin, _ := holder.StdinPipe()
	stdout, _ := holder.StdoutPipe()
	if err := holder.Start(); err != nil {
		t.Skipf("needs python3: %v", err)
	}
	if _, err := stdout.Read(make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() { _ = stdin.Close(); _ = holder.Wait() })
}

// A name server that is late at boot is no fault of a repository.
func TestTryOutlastsAnOutage(t *testing.T) {
	d := newDebian(t, "", "n=$(cat $ROOT/n 2>/dev/null || echo 0); echo $((n+1)) >$ROOT/n; [ $n -ge 2 ] || { echo 'E: Temporary failure resolving m'; exit 100; }")
	if err := d.Try(t.Context(), "/run/x/docker.sources", state.Proxy{}); err != nil || len(d.calls(t)) != 3 {
		t.Errorf("calls %q, error %v", d.calls(t), err)
	}
}

// What a network or a mirror does wrong is tried again; what no waiting cures is not.
func TestInstallOutlastsOutages(t *testing.T) {
	for sign, again := range map[string]bool{
		"Err:1 http://m x InRelease\n  Temporary failure resolving m": true,
		"Err:1 http://m x InRelease\n  Could not connect to m:80":     true,
		"E: Failed to fetch http://m/x.deb  Hash Sum mismatch":        true,
		"E: Failed to fetch http://m/x.deb  503  Service Unavailable": true,
		"E: Failed to fetch http://m/x.deb  404  Not Found":           false,
		"E: Unable to locate package docker.io":                       false,
		"dpkg: error: No space left on device":                        false,
	} {
		failing := "case \"$*\" in *' install '*) n=$(cat $ROOT/n 2>/dev/null || echo 0); echo $((n+1)) >$ROOT/n; [ $n -ge 2 ] || { printf '" +
			sign + "\\n'; exit 100; };; esac\n"
		d := newDebian(t, installed("libc6"), failing+brings("docker.io"))
		err := d.Install(t.Context(), state.Installation{Packages: []string{"docker.io"}})
		if (err == nil) != again {
			t.Errorf("%s: got %v", sign, err)
		}
	}
}
