package systemd

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/unit"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// Observe tells what files say about a unit, a service or a socket; systemd is not asked, so that
// a run that has nothing to do costs nothing.
//
// A service counts as active while systemd keeps the link /run/systemd/units/invocation:NAME (it is
// made at a start and removed when the unit becomes inactive or failed: unit_unlink_state_files in
// systemd's src/core/unit.c). A service that is on its way up counts as active too; one that crashed
// and waits for its restart does not. A socket has no such link, since it runs no program: it is
// active while the init process itself listens at its first path.
func Observe(root files.Root, name string) (state.UnitFacts, error) {
	file, masked, err := find(root, name)
	if err != nil {
		return state.UnitFacts{}, err
	}
	enabled, err := enabled(root, name)
	if err != nil {
		return state.UnitFacts{}, err
	}
	active := root.Exists("/run/systemd/units/invocation:" + name)
	if strings.HasSuffix(name, ".socket") && file != "" {
		active, err = listens(root, file)
	}
	return state.UnitFacts{Exists: file != "", Masked: masked, Enabled: enabled, Active: active}, err
}

// searchPath lists where units are, the strongest first (systemd.unit(5), "Unit File Load Path").
func searchPath() []string {
	return []string{
		"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system",
	}
}

// find gives the unit's file, "" if there is none, and whether something masks it: a link to
// /dev/null, or an empty file, in a stronger directory.
func find(root files.Root, name string) (file string, masked bool, err error) {
	for _, dir := range searchPath() {
		path := filepath.Join(dir, name)
		mask, err := masks(root.Path(path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", false, fault.New(fault.HostFiles, path, "", "cannot look at the unit: %w", err)
		case mask:
			masked = true
		default:
			return path, masked, nil
		}
	}
	return "", masked, nil
}

func masks(path string) (bool, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return false, err
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return info.Mode().IsRegular() && info.Size() == 0, nil
	}
	target, err := os.Readlink(path)
	return target == "/dev/null", err
}

// enabled tells whether a target wants the unit at boot. Links in /run hold until then only.
func enabled(root files.Root, name string) (bool, error) {
	const dir = "/etc/systemd/system"
	entries, err := root.List(dir)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		kind := filepath.Ext(entry.Name())
		if (kind == ".wants" || kind == ".requires") && root.Exists(filepath.Join(dir, entry.Name(), name)) {
			return true, nil
		}
	}
	return false, nil
}

// listens tells whether init listens at the first path of the socket unit in file, and whether anybody
// can find it there. The file of a socket is no proof: it stays when the socket is closed. Without the
// file the socket is open, and out of everybody's reach.
func listens(root files.Root, file string) (bool, error) {
	content, err := root.ReadFollowing(file)
	if err != nil {
		return false, err
	}
	path, err := firstPath(content.Content)
	if err != nil || path == "" || !root.Exists(withoutVar(path)) {
		return false, err
	}
	inodes, err := listeners(root, path)
	if err != nil || len(inodes) == 0 {
		return false, err
	}
	return heldByInit(root, inodes)
}

// firstPath gives the first path in the unit's ListenStream= lines.
func firstPath(content []byte) (string, error) {
	options, err := unit.DeserializeOptions(strings.NewReader(string(content)))
	if err != nil {
		return "", fault.New(fault.HostConfig, "", "", "cannot read the socket unit: %w", err)
	}
	for _, option := range options {
		if option.Section == "Socket" && option.Name == "ListenStream" && strings.HasPrefix(option.Value, "/") {
			return option.Value, nil
		}
	}
	return "", nil
}

// listeners gives the inodes of the sockets that listen at path. There may be several: the table names those
// of all mount namespaces, by the paths that each of them sees, and a path may have a line's end in it, which
// the kernel prints as it is, so that anybody can make up a line. A line of /proc/net/unix is "Num RefCount
// Protocol Flags Type St Inode Path" (proc_net_unix(5)); the flag __SO_ACCEPTCON, 0x10000, is that of a
// listening socket. Its length is anybody's, too, and so it is read line by line.
func listeners(root files.Root, path string) (inodes []string, err error) {
	const name = "/proc/net/unix"
	table, err := os.Open(root.Path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.New(fault.HostFiles, name, "", "cannot read the table of sockets: %w", err)
	}
	defer table.Close()
	lines := bufio.NewScanner(table)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) == 8 && words[3] == "00010000" && withoutVar(words[7]) == withoutVar(path) {
			inodes = append(inodes, words[6])
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fault.New(fault.HostFiles, name, "", "cannot read the table of sockets: %w", err)
	}
	return inodes, nil
}

// withoutVar takes the old name of /run away; systemd does the same for units that still use it.
func withoutVar(path string) string {
	if strings.HasPrefix(path, "/var/run/") {
		return strings.TrimPrefix(path, "/var")
	}
	return path
}

// heldByInit tells whether process 1 has one of the sockets with these inodes open, which needs root. An
// engine that was told to listen at the path itself is not a socket unit.
func heldByInit(root files.Root, inodes []string) (bool, error) {
	const dir = "/proc/1/fd"
	entries, err := root.List(dir)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		target, err := os.Readlink(root.Path(filepath.Join(dir, entry.Name())))
		inode, isSocket := strings.CutPrefix(strings.TrimSuffix(target, "]"), "socket:[")
		if err == nil && isSocket && slices.Contains(inodes, inode) {
			return true, nil
		}
	}
	return false, nil
}
