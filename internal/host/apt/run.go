package apt

import (
	"context"
	"slices"
	"strings"

	"github.com/cenkalti/backoff/v5"

	"docker-extension/internal/host/command"
	"docker-extension/internal/patience"
)

// options make apt-get work with nobody at the keyboard.
//
//   - DPkg::Lock::Timeout: we do the waiting.
//   - Acquire::Retries, Acquire::http::Timeout: a mirror's hiccup is not our failure, and one that does
//     not answer is given up after seconds (30, as of apt 2.1) and not after minutes.
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
		"-o", "DPkg::Lock::Timeout=0",
		"-o", "Acquire::Retries=3",
		"-o", "Acquire::http::Timeout=30",
		"-o", "Acquire::https::Timeout=30",
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
func (a Apt) apt(ctx context.Context, args ...string) error {
	_, err := a.patiently(ctx, command.Command{Name: "apt-get", Args: append(options(), args...)})
	return err
}

// patiently runs a child when nobody has the locks that it is going to take, and again if somebody was
// faster. apt and dpkg are not left to wait by themselves: apt knows how to wait for dpkg's locks only, and
// a run that has to give way would have to be cut off. Who runs apt-get gives way too: it ends at SIGINT
// as long as it downloads, and does not heed it while dpkg works (pkgDPkgPM::Go in apt-pkg/deb/dpkgpm.cc).
func (a Apt) patiently(ctx context.Context, c command.Command) (result command.Result, err error) {
	patient := patience.Of(ctx)
	c.Env = slices.Concat(environment(), a.env, c.Env)
	c.Timeout = or(a.Work, DefaultWork)
	if c.Name == "apt-get" {
		c.GiveWay = patient.Unwanted()
	}
	err = patient.Retry(ctx, backoff.NewConstantBackOff(or(a.Pause, DefaultPause)), func() error {
		if held := a.holder(locksOf(c)); held != nil {
			return patience.Later(held.holder(), held)
		}
		var err error
		result, err = a.Runner.Run(ctx, c)
		if err != nil && patient.Superseded() != nil {
			return patient.Superseded()
		}
		if err != nil && lockHeld(result.Output) {
			return patience.Later("another run of apt or dpkg", err)
		}
		return err
	})
	return result, err
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
