package fake

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
)

const statusFile = "var/lib/dpkg/status"

// marksFile is apt's record of what nobody has asked for.
const marksFile = "var/lib/apt/extended_states"

// pack is a package in the records of dpkg and apt.
type pack struct {
	status, depends string
	automatic       bool
}

// catalog is what the archive has: each package with what it depends on.
func catalog() map[string]string {
	return map[string]string{"docker.io": "containerd, runc, tini", "docker-cli": "", "containerd": "runc", "runc": "", "tini": ""}
}

// installed reads the records, in which only the fields Package, Status and Depends are of use here.
func (h *Host) installed() (map[string]pack, error) {
	known, err := h.stanzas(statusFile)
	if err != nil {
		return nil, err
	}
	marked, err := h.stanzas(marksFile)
	if err != nil {
		return nil, err
	}
	packages := map[string]pack{}
	for name, fields := range known {
		packages[name] = pack{fields["Status"], fields["Depends"], marked[name]["Auto-Installed"] == "1"}
	}
	return packages, nil
}

// stanzas gives the fields of each package in a record.
func (h *Host) stanzas(record string) (map[string]map[string]string, error) {
	content, err := os.ReadFile(h.path(record))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	all := map[string]map[string]string{}
	for stanza := range strings.SplitSeq(string(content), "\n\n") {
		fields := map[string]string{}
		for line := range strings.Lines(stanza) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			fields[key] = value
		}
		if name := fields["Package"]; name != "" {
			all[name] = fields
		}
	}
	return all, nil
}

func (h *Host) record(packages map[string]pack) error {
	var text, marks strings.Builder
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		p := packages[name]
		if p.automatic {
			fmt.Fprintf(&marks, "Package: %s\nArchitecture: amd64\nAuto-Installed: 1\n\n", name)
		}
		fmt.Fprintf(&text, "Package: %s\nStatus: %s\nVersion: %s\n", name, p.status, Version)
		if p.depends != "" {
			fmt.Fprintf(&text, "Depends: %s\n", p.depends)
		}
		text.WriteString("\n")
	}
	if err := os.MkdirAll(path.Dir(h.path(marksFile)), 0o755); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(h.path(statusFile), []byte(text.String()), 0o644), os.WriteFile(h.path(marksFile), []byte(marks.String()), 0o644))
}

// aptGet plays update, install and remove, the latter with --simulate too.
func (h *Host) aptGet(args []string) (output string, err error) {
	words, simulate := operands(args)
	if len(words) == 0 {
		return "", errors.New("no command")
	}
	switch verb, names := words[0], words[1:]; verb {
	case "update":
		return "Reading package lists...\n", nil
	case "install":
		return "Setting up " + strings.Join(names, ", ") + " ...\n", h.install(names)
	case "remove":
		if !simulate {
			return "", h.remove(names)
		}
		for _, name := range names {
			output += "Remv " + name + " [" + Version + "]\n"
		}
		return output, nil
	default:
		return "", errors.New("Invalid operation " + verb)
	}
}

// operands gives the words that are no options.
func operands(args []string) (words []string, simulate bool) {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "-o":
			i++
		case args[i] == "--simulate":
			simulate = true
		case !strings.HasPrefix(args[i], "-"):
			words = append(words, args[i])
		}
	}
	return words, simulate
}

func (h *Host) install(names []string) error {
	packages, err := h.installed()
	if err != nil {
		return err
	}
	for queue := slices.Clone(names); len(queue) > 0; queue = queue[1:] {
		name, _, _ := strings.Cut(queue[0], "=")
		depends, known := catalog()[name]
		if !known {
			return errors.New("Unable to locate package " + name)
		}
		if packages[name].status != "install ok installed" {
			packages[name] = pack{"install ok installed", depends, !slices.Contains(names, queue[0])}
			queue = append(queue, strings.FieldsFunc(depends, func(c rune) bool { return c == ',' || c == ' ' })...)
		}
	}
	if err := h.record(packages); err != nil || !slices.Contains(names, "docker.io") {
		return err
	}
	return h.postinst()
}

// postinst is what the scripts of Debian's docker.io do: make the group, take masks away, and enable
// and start the units.
func (h *Host) postinst() error {
	files := map[string]string{
		socket:  "[Unit]\nDescription=Docker Socket for the API\n\n[Socket]\nListenStream=/run/docker.sock\nSocketGroup=docker\n",
		service: "[Unit]\nDescription=Docker Application Container Engine\nRequires=docker.socket\n\n[Service]\nExecStart=/usr/sbin/dockerd -H fd://\n",
	}
	for unit, content := range files {
		if target, err := os.Readlink(h.path("etc/systemd/system", unit)); err == nil && target == "/dev/null" {
			_ = os.Remove(h.path("etc/systemd/system", unit))
		}
		if err := os.WriteFile(h.path(unitFolder, unit), []byte(content), 0o644); err != nil {
			return err
		}
	}
	if _, err := h.link([]string{service, socket}); err != nil {
		return err
	}
	if err := errors.Join(h.addGroup("docker"), h.units.load()); err != nil {
		return err
	}
	if h.units.start(service) != done {
		//lint:ignore ST1005 apt's own words
		return errors.New("Sub-process /usr/bin/dpkg returned an error code (1)")
	}
	return nil
}

// remove is apt-get remove with the scripts of docker.io: the units stop, and are masked afterwards.
func (h *Host) remove(names []string) error {
	packages, err := h.installed()
	if err != nil {
		return err
	}
	for _, name := range names {
		packages[name] = pack{status: "deinstall ok config-files"}
	}
	if err := h.record(packages); err != nil || !slices.Contains(names, "docker.io") {
		return err
	}
	h.units.stop(socket)
	for _, unit := range []string{service, socket} {
		err = errors.Join(err, os.Remove(h.path(unitFolder, unit)),
			os.Symlink("/dev/null", h.path("etc/systemd/system", unit)))
	}
	return err
}

// mark is apt-mark hold, unhold and manual.
func (h *Host) mark(args []string) error {
	packages, err := h.installed()
	if err != nil {
		return err
	}
	words, _ := operands(args)
	for _, name := range words[1:] {
		p := packages[name]
		if words[0] == "manual" {
			p.automatic = false
			packages[name] = p
			continue
		}
		p.status = map[string]string{"hold": "hold ok installed", "unhold": "install ok installed"}[words[0]]
		packages[name] = p
	}
	return h.record(packages)
}

// configure is dpkg --configure -a.
func (h *Host) configure() error {
	packages, err := h.installed()
	if err != nil {
		return err
	}
	for name, p := range packages {
		p.status = strings.Replace(p.status, "half-configured", "installed", 1)
		packages[name] = p
	}
	return h.record(packages)
}
