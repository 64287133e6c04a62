// Package accounts reads the host's users and groups from their files and changes who is in a group.
package accounts

import (
	"bytes"
	"encoding/xml"
	"strings"

	"docker-extension/internal/host/files"
)

// The files of the accounts (passwd(5), group(5)).
const (
	passwdFile = "/etc/passwd"
	groupFile  = "/etc/group"
)

// Names gives the names of the accounts in /etc/passwd.
func Names(root files.Root) (map[string]bool, error) {
	lines, err := records(root, passwdFile, 7)
	if err != nil {
		return nil, err
	}
	names := make(map[string]bool, len(lines))
	for _, fields := range lines {
		names[fields[0]] = true
	}
	return names, nil
}

// Groups gives the members of each group in /etc/group, as they are listed there. An account whose
// own (primary) group it is need not be among them.
func Groups(root files.Root) (map[string][]string, error) {
	lines, err := records(root, groupFile, 4)
	if err != nil {
		return nil, err
	}
	groups := make(map[string][]string, len(lines))
	for _, fields := range lines {
		groups[fields[0]] = append(groups[fields[0]], split(fields[3])...)
	}
	return groups, nil
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })
}

// records gives the fields of each line that has a name and at least count of them. Others, such as
// the "+" lines of NIS, are passed over.
func records(root files.Root, path string, count int) ([][]string, error) {
	file, err := root.ReadFollowing(path)
	if err != nil {
		return nil, err
	}
	var all [][]string
	for line := range strings.Lines(string(file.Content)) {
		fields := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		if len(fields) >= count && fields[0] != "" && !strings.ContainsAny(fields[0][:1], "#+-") {
			all = append(all, fields)
		}
	}
	return all, nil
}

// Where the platform leaves the name of the account that it made, the best source first: the agent
// keeps the provisioning document (ovfenv.py in the agent's sources) and writes the sudo rule
// (conf_sudoer in its osutil/default.py); where cloud-init provisions, the rule is cloud-init's
// (write_sudo_rules in its distros/__init__.py).
const (
	ovfFile         = "/var/lib/waagent/ovf-env.xml"
	agentSudoers    = "/etc/sudoers.d/waagent"
	cloudInitSudoer = "/etc/sudoers.d/90-cloud-init-users"
)

// Admin gives the account that the platform provisioned, one of the given names. It is "" if none of
// the platform's traces is there or can be read, or if the account they name is gone.
func Admin(root files.Root, names map[string]bool) string {
	for _, candidate := range append([]string{ovfUser(content(root, ovfFile))},
		append(sudoers(content(root, agentSudoers)), sudoers(content(root, cloudInitSudoer))...)...) {
		if names[candidate] && candidate != "root" {
			return candidate
		}
	}
	return ""
}

// content gives a file, or nothing: a hint about the account is worth no error.
func content(root files.Root, path string) []byte {
	file, err := root.ReadFollowing(path)
	if err != nil {
		return nil
	}
	return file.Content
}

// ovfUser gives the text of the first UserName element, in whatever name space.
func ovfUser(document []byte) string {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "UserName" {
			continue
		}
		var name string
		if decoder.DecodeElement(&name, &start) != nil {
			return ""
		}
		return strings.TrimSpace(name)
	}
}

// sudoers gives the accounts that have a rule of their own (sudoers(5)): the first word of a line,
// if it is not the name of a group (%), of a number (#), a comment, or a setting.
func sudoers(rules []byte) []string {
	var users []string
	for line := range strings.Lines(string(rules)) {
		words := strings.Fields(line)
		if len(words) < 2 || !strings.Contains(line, "=") || strings.ContainsAny(words[0][:1], "#%+@\"") ||
			strings.HasPrefix(words[0], "Defaults") || strings.HasSuffix(words[0], "_Alias") {
			continue
		}
		users = append(users, words[0])
	}
	return users
}
