package apt

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"docker-extension/internal/host/command"
)

// The locks of dpkg and apt. They are those of fcntl(2), which tell who holds them.
const (
	frontendLock = "/var/lib/dpkg/lock-frontend"  // of whoever is going to call dpkg
	dpkgLock     = "/var/lib/dpkg/lock"           // of dpkg itself
	listsLock    = "/var/lib/apt/lists/lock"      // of apt-get update
	archivesLock = "/var/cache/apt/archives/lock" // of whoever downloads packages
)

// locksOf gives the locks that a command is going to take.
func locksOf(c command.Command) []string {
	switch {
	case slices.Contains(c.Args, "--simulate"), c.Name == "apt-cache":
		return nil
	case c.Name != "apt-get":
		return []string{frontendLock, dpkgLock}
	case slices.Contains(c.Args, "update"):
		return []string{listsLock}
	default:
		return []string{frontendLock, dpkgLock, archivesLock}
	}
}

// heldError says that somebody else holds a lock.
type heldError struct {
	lock string
	pid  int
}

// Error names the lock and its holder.
func (e *heldError) Error() string { return "another process holds " + e.lock + ": " + process(e.pid) }

// holder names who is waited for.
func (e *heldError) holder() string { return process(e.pid) + ", which holds " + e.lock }

// holder gives the first of these locks that another process holds, or nil. A lock that cannot be looked
// at counts as free: the command itself will complain.
func (a Apt) holder(locks []string) *heldError {
	for _, lock := range locks {
		if pid, held := heldBy(a.Root.Path(lock)); held {
			return &heldError{lock, pid}
		}
	}
	return nil
}

// heldBy asks the kernel who would be in the way of a lock on a file (F_GETLK in fcntl(2)). The number is
// 0 for a process that this one cannot see.
func heldBy(file string) (pid int, held bool) {
	f, err := os.Open(file) // #nosec G304 -- one of the four above
	if err != nil {
		return 0, false
	}
	defer f.Close()
	lock := syscall.Flock_t{Type: syscall.F_WRLCK}
	if syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock) != nil || lock.Type == syscall.F_UNLCK {
		return 0, false
	}
	return int(lock.Pid), true
}

// process gives a process' name and number: "apt-get (process 12)".
func process(pid int) string {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)) // #nosec G304 -- a number
	name := nameIn(strings.Split(string(line), "\x00"))
	if err != nil || name == "" {
		return fmt.Sprintf("process %d", pid)
	}
	return fmt.Sprintf("%s (process %d)", name, pid)
}

// nameIn gives the name of a program by its command line; of a script that an interpreter runs, the
// script's: "unattended-upgrade" and not "python3".
func nameIn(args []string) string {
	name := path.Base(args[0])
	for _, interpreter := range []string{"python", "perl"} {
		if strings.HasPrefix(name, interpreter) && len(args) > 1 && strings.HasPrefix(args[1], "/") {
			return path.Base(args[1])
		}
	}
	if name == "." || name == "/" {
		return ""
	}
	return name
}
