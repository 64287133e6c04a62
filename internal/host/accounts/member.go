package accounts

import (
	"context"
	"errors"
	"slices"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// toolTimeout bounds gpasswd, which waits up to 15 seconds for the lock of the files (lckpwdf(3)).
const toolTimeout = time.Minute

// Accounts changes memberships on the host at Root.
type Accounts struct {
	Root   files.Root
	Runner command.Runner
}

// AddMember puts an account into a group; sessions that are open do not notice. An account that is
// in it already stays. Errors are faults with code fault.Account.
func (a Accounts) AddMember(ctx context.Context, m state.Member) error {
	return a.change(ctx, "-a", "add "+m.User+" to group "+m.Group, m, true)
}

// RemoveMember takes an account out of a group. One that is not in it, or a group that is gone, is
// no error. Errors are faults with code fault.Account.
func (a Accounts) RemoveMember(ctx context.Context, m state.Member) error {
	return a.change(ctx, "-d", "take "+m.User+" out of group "+m.Group, m, false)
}

func (a Accounts) change(ctx context.Context, flag, what string, m state.Member, wanted bool) error {
	groups, err := Groups(a.Root)
	if err != nil {
		return err
	}
	if slices.Contains(groups[m.Group], m.User) == wanted {
		return nil
	}
	_, err = a.Runner.Run(ctx, command.Command{
		Name: "gpasswd", Args: []string{flag, m.User, m.Group}, Timeout: toolTimeout,
	})
	if err != nil {
		return fault.New(fault.Account, m.User, hint(groups, m, err), "cannot %s: %w", what, err)
	}
	return nil
}

func hint(groups map[string][]string, m state.Member, err error) string {
	if _, ok := groups[m.Group]; !ok {
		return "see whether the package that makes the group is installed whole"
	}
	var exit *command.ExitError
	if errors.As(err, &exit) {
		return "see whether the account exists in " + passwdFile + " and no other program is changing accounts"
	}
	return ""
}
