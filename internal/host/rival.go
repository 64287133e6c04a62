package host

import (
	"path"
	"strconv"
	"strings"

	"docker-extension/internal/host/files"
	"docker-extension/internal/host/systemd"
	"docker-extension/internal/state"
)

const (
	// pidFile is where an engine notes its process, unless it is told otherwise (--pidfile in
	// https://docs.docker.com/reference/cli/dockerd/). A second engine does not start beside it.
	pidFile = "/run/docker.pid"
	// ownUnit runs the engine of every package.
	ownUnit = "docker.service"
)

// rival finds an engine that somebody else runs: in the snap docker, which keeps its note elsewhere and
// opens the same socket, or in a unit or a shell of its own.
func rival(root files.Root) (state.Rival, error) {
	snap, err := systemd.Observe(root, state.SnapService)
	if err != nil {
		return state.Rival{}, err
	}
	if snap.Active || snap.Exists && snap.Enabled && !snap.Masked {
		return state.Rival{Unit: state.SnapService}, nil
	}
	process, err := strconv.Atoi(text(root, pidFile))
	if err != nil || process <= 0 {
		return state.Rival{}, nil
	}
	unit, ours := unitOf(text(root, proc(process, "cgroup")))
	// An engine that was killed leaves its note, and the number may be another process' now.
	if ours || !strings.HasPrefix(text(root, proc(process, "comm")), "dockerd") {
		return state.Rival{}, nil
	}
	return state.Rival{Unit: unit, Process: process}, nil
}

// text gives a small file's text without the white space around it; "" for what cannot be read: it is the
// note of a process that is gone.
func text(root files.Root, path string) string {
	file, err := root.ReadFollowing(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(file.Content))
}

func proc(process int, name string) string {
	return path.Join("/proc", strconv.Itoa(process), name)
}

// unitOf reads /proc/PID/cgroup (cgroups(7)): the innermost unit in the hierarchy of systemd, "" for none,
// and whether the process is the engine's that we look after.
func unitOf(cgroup string) (unit string, ours bool) {
	for line := range strings.Lines(cgroup) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 || fields[1] != "" && fields[1] != "name=systemd" {
			continue
		}
		for _, name := range strings.Split(fields[2], "/") {
			ours = ours || name == ownUnit
			if extension := path.Ext(name); extension == ".service" || extension == ".scope" {
				unit = name
			}
		}
	}
	return unit, ours
}
