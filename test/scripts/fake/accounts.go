package fake

import (
	"errors"
	"os"
	"slices"
	"strings"
)

const groupFile = "etc/group"

// addGroup is addgroup --system: a group that is there already stays.
func (h *Host) addGroup(name string) error {
	groups, err := os.ReadFile(h.path(groupFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if strings.Contains("\n"+string(groups), "\n"+name+":") {
		return nil
	}
	return os.WriteFile(h.path(groupFile), append(groups, name+":x:991:\n"...), 0o644)
}

// gpasswd is "gpasswd -a USER GROUP" and "-d".
func (h *Host) gpasswd(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: gpasswd -a|-d USER GROUP")
	}
	groups, err := os.ReadFile(h.path(groupFile))
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(string(groups), "\n"), "\n")
	for i, line := range lines {
		fields := strings.Split(line, ":")
		if fields[0] != args[2] {
			continue
		}
		members := slices.DeleteFunc(strings.Split(fields[3], ","), func(m string) bool { return m == "" || m == args[1] })
		if args[0] == "-a" {
			members = append(members, args[1])
		}
		fields[3] = strings.Join(members, ",")
		lines[i] = strings.Join(fields, ":")
		return os.WriteFile(h.path(groupFile), []byte(strings.Join(lines, "\n")+"\n"), 0o644)
	}
	return errors.New("group '" + args[2] + "' does not exist in /etc/group")
}
