package disable

import (
	"fmt"
	"path"
	"strings"
	"time"

	"docker-extension/handler"
	"docker-extension/internal/host/files"
)

// incomingVersion gives the version of the extension that is about to take over from the one that
// is being called, or "" if this is a disable that somebody wants.
//
// The agent does not say which it is. But before it disables the old version for an update, it has
// unpacked the new one beside it, written the settings for it, and noted that it is not installed
// (WALinuxAgent azurelinuxagent/ga/exthandlers.py). A folder that an update of long ago left behind
// does not have the settings of this call, or has older ones than we have. Where ours are from the future
// the clock has been put back since, as it may be after a boot, and which are older nobody can tell: then it
// is an update, because containers that stop without a reason are worse than an engine that runs until
// uninstall.
func incomingVersion(root files.Root, call *handler.Call) (string, error) {
	extension := strings.TrimSuffix(path.Base(call.HandlerDir), "-"+call.Version)
	parent := path.Dir(call.HandlerDir)
	entries, err := root.List(parent)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		version, sibling := strings.CutPrefix(entry.Name(), extension+"-")
		if !sibling || version == call.Version || !entry.IsDir() {
			continue
		}
		coming, err := isComing(root, path.Join(parent, entry.Name(), "config"), call)
		if err != nil || coming {
			return version, err
		}
	}
	return "", nil
}

func isComing(root files.Root, config string, call *handler.Call) (bool, error) {
	state, err := root.Following().Read(config + "/HandlerState")
	if err != nil {
		return false, err
	}
	switch strings.TrimSpace(string(state.Content)) {
	case "NotInstalled", "FailedUpgrade":
	default:
		return false, nil
	}
	settings := fmt.Sprintf("/%d.settings", call.Sequence)
	theirs, there, err := root.ModTime(config + settings)
	if err != nil || !there {
		return false, err
	}
	ours, there, err := root.ModTime(call.Environment.ConfigFolder + settings)
	older := there && theirs.Before(ours) && !ours.After(time.Now())
	return err == nil && !older, err
}
