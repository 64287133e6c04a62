package apt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"docker-extension/internal/host/command"
)

// options make apt-get work with nobody at the keyboard.
//
//   - Acquire::Retries: a mirror's hiccup is not our failure.
//   - APT::Update::Error-Mode=any: a list that cannot be fetched is an error of apt-get update, not
//     just a warning. Known to apt 2.1.16 and later (Debian 11, Ubuntu 22.04); others ignore it.
//   - Acquire::Languages: nobody reads translated descriptions here. Those that are on the disk stay
//     (List-Cleanup), for people.
//   - Dpkg::Use-Pty: a plain pipe, or the log fills with control characters.
//   - force-confdef and force-confold: of configuration files, the host's version wins.
//   - AutomaticRemove and Purge: whatever apt.conf says, we remove what was named and no more.
func options() []string {
	return []string{
		"-q",
		"-o", "Acquire::Retries=3",
		"-o", "APT::Update::Error-Mode=any",
		"-o", "Acquire::Languages=none",
		"-o", "APT::Get::List-Cleanup=false",
		"-o", "Dpkg::Use-Pty=0",
		"-o", "Dpkg::Options::=--force-confdef",
		"-o", "Dpkg::Options::=--force-confold",
		"-o", "APT::Get::AutomaticRemove=false",
		"-o", "APT::Get::Purge=false",
	}
}

// environment keeps debconf and apt-listchanges from asking, and needrestart from restarting
// services, the agent that waits for us among them.
func environment() []string {
	return []string{"DEBIAN_FRONTEND=noninteractive", "APT_LISTCHANGES_FRONTEND=none", "NEEDRESTART_SUSPEND=1"}
}

// apt runs apt-get until it had its locks or the time is over.
func (a Apt) apt(ctx context.Context, until time.Time, args ...string) error {
	_, err := a.patiently(ctx, until, command.Command{Name: "apt-get", Args: append(options(), args...)})
	return err
}

// patiently runs a child again as long as it fails because another process has its lock. apt waits
// on its own for dpkg's locks (DPkg::Lock::Timeout), but not for those of the lists and of the
// archive folder, and dpkg and apt-mark wait for none.
func (a Apt) patiently(ctx context.Context, until time.Time, c command.Command) (command.Result, error) {
	c.Env = slices.Concat(environment(), a.env, c.Env)
	args := c.Args
	for {
		left := max(0, time.Until(until))
		c.Timeout = left + or(a.Work, DefaultWork)
		if c.Name == "apt-get" {
			c.Args = append([]string{"-o", fmt.Sprintf("DPkg::Lock::Timeout=%d", int(left.Seconds()))}, args...)
		}
		result, err := a.Runner.Run(ctx, c)
		if err == nil || left == 0 || !lockHeld(result.Output) || !pause(ctx, min(left, or(a.Pause, DefaultPause))) {
			return result, err
		}
	}
}

// pause waits; it gives false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// lockHeld tells whether apt or dpkg gave up because of another process. What apt prints while it
// waits ("Waiting for cache lock: Could not get lock ...") is not meant. dpkg's words differ from
// version to version: "frontend is locked by", "frontend lock was locked by".
func lockHeld(output string) bool {
	for line := range strings.Lines(output) {
		switch {
		case strings.HasPrefix(line, "E: Could not get lock"),
			strings.HasPrefix(line, "E: Unable to") && strings.Contains(line, "is another process using it?"),
			strings.HasPrefix(line, "dpkg: error:") && strings.Contains(line, "locked by another process"):
			return true
		}
	}
	return false
}
