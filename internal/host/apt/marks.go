package apt

import (
	"errors"
	"io/fs"
	"os"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

// MarksFile is apt's record of the packages that it brought because others needed them, in the form of
// deb822(5): "Auto-Installed: 1" is what apt-mark(8) calls automatic. A package that is not in it is one that
// somebody asked for (pkgDepCache::writeStateFile in apt's apt-pkg/depcache.cc).
const MarksFile = "/var/lib/apt/extended_states"

// automatic gives the packages that are marked so, on any architecture.
func automatic(root files.Root) (map[string]bool, error) {
	file, err := os.Open(root.Path(MarksFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.HostFiles, MarksFile, "", "cannot read apt's record: %w", err)
	}
	defer file.Close()
	marked := map[string]bool{}
	err = parse(file, func(s *stanza) {
		if s.automatic {
			marked[s.name] = true
		}
	}, "Package", "Auto-Installed")
	if err != nil {
		return nil, fault.New(fault.HostConfig, MarksFile, "see whether apt-mark showauto works, and repair the file",
			"cannot read apt's record: %w", err)
	}
	return marked, nil
}
