package trace

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Effect is something that a process is about to change on its host.
type Effect struct {
	// What is the deed: "create", "rename", "remove", "mkdir", "link", "start", "ask".
	What string
	// Object is what it is done to, for people: a file's name, a program with its verb, a method of
	// systemd with the unit, a request to the engine.
	Object string
	// Path is the whole path of a file, of a rename the new one.
	Path string
	// Process is the process, as this host numbers it, and Generation how far it is from the one that is
	// followed: 0 is that one itself, 1 a program that it started.
	Process, Generation int
}

// String gives deed and object.
func (e Effect) String() string { return e.What + " " + e.Object }

const longestPath = 4096

// effectOf gives the effect of a system call; the zero value if it has none that counts.
func effectOf(pid int, c call) Effect {
	path := func(folder int) string { return pathAt(pid, int32(c.args[folder]), textAt(pid, c.args[folder+1])) }
	switch c.number {
	case unix.SYS_OPENAT:
		return creation(pid, path(0), c.args[2])
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		return ofFile("rename", path(2))
	case unix.SYS_UNLINKAT:
		return removal(pid, path(0), c.args[2]&unix.AT_REMOVEDIR != 0)
	case unix.SYS_MKDIRAT:
		return newFolder(pid, path(0))
	case unix.SYS_SYMLINKAT:
		return ofFile("link", path(1))
	case unix.SYS_LINKAT:
		return ofFile("link", path(2))
	case unix.SYS_WRITE, unix.SYS_SENDTO: // the latter is Python's
		return asked(pid, c.args[0], peek(pid, c.args[1], int(min(c.args[2], 1024))))
	case unix.SYS_SENDMSG:
		return asked(pid, c.args[0], firstPart(pid, c.args[1]))
	}
	return legacyEffectOf(pid, c)
}

func creation(pid int, path string, flags uint64) Effect {
	if flags&unix.O_CREAT == 0 || exists(pid, path) {
		return Effect{}
	}
	return ofFile("create", path)
}

// removal knows that a folder is not removed like a file, although some try.
func removal(pid int, path string, folder bool) Effect {
	info, err := os.Lstat(seenBy(pid, path))
	if err != nil || info.IsDir() != folder {
		return Effect{}
	}
	return ofFile("remove", path)
}

func newFolder(pid int, path string) Effect {
	if exists(pid, path) {
		return Effect{}
	}
	return ofFile("mkdir", path)
}

// pathAt gives the whole path of a name that is relative to an open folder.
func pathAt(pid int, folder int32, name string) string {
	if strings.HasPrefix(name, "/") {
		return name
	}
	link := fmt.Sprintf("/proc/%d/fd/%d", pid, folder)
	if folder == unix.AT_FDCWD {
		link = fmt.Sprintf("/proc/%d/cwd", pid)
	}
	base, err := os.Readlink(link)
	if err != nil {
		return name
	}
	return filepath.Join(base, name)
}

// digits are the random part of a temporary name, which must not make two effects of one.
var digits = regexp.MustCompile(`[0-9]{5,}|\.[A-Za-z0-9]{6}$`)

func ofFile(what, path string) Effect {
	return Effect{What: what, Object: digits.ReplaceAllString(filepath.Base(path), "N"), Path: path}
}

// passing tells whether a file of a child is no part of the host's state: what apt fetches, caches,
// temporary files and logs. All of it is made again.
func passing(path string) bool {
	return slices.ContainsFunc([]string{"/var/lib/apt/", "/var/cache/", "/tmp/", "/var/tmp/", "/var/log/", "/run/", "/proc/", "/dev/"},
		func(folder string) bool { return strings.HasPrefix(path, folder) })
}

// methods are those by which systemd changes something (org.freedesktop.systemd1(5)).
var methods = regexp.MustCompile(`(StartUnit|StopUnit|RestartUnit|ReloadUnit|ResetFailedUnit|StartTransientUnit|EnableUnitFiles|DisableUnitFiles|Reload)\x00`)

// units are the names that stand in a message to systemd.
var units = regexp.MustCompile(`[a-z-]+\.(service|socket)`)

// requests are those by which the engine changes something.
var requests = regexp.MustCompile(`^(POST|PUT|DELETE) ([^ ?]*)`)

// identifier is that of a container, network or image.
var identifier = regexp.MustCompile(`[0-9a-f]{64}`)

// asked gives the effect of a message, if it goes to a socket and changes something.
func asked(pid int, handle uint64, message []byte) Effect {
	method, request := methods.FindSubmatch(message), requests.FindSubmatch(message)
	if method == nil && request == nil {
		return Effect{}
	}
	target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, handle))
	if err != nil || !strings.HasPrefix(target, "socket:") {
		return Effect{}
	}
	if request != nil {
		return Effect{What: "ask", Object: string(request[1]) + " " + identifier.ReplaceAllString(string(request[2]), "ID")}
	}
	return Effect{What: "ask", Object: strings.TrimSpace(string(method[1]) + " " + string(units.Find(message)))}
}

// started gives the program that a process has just executed: its name, or that of the script, and the
// word that says what it is to do.
func started(pid int) Effect {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	words := strings.Split(strings.TrimRight(string(line), "\x00"), "\x00")
	program, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if interpreter.MatchString(program) && len(words) > 1 && strings.HasPrefix(words[1], "/") {
		words = words[1:]
	}
	name := filepath.Base(words[0])
	for _, word := range words[1:] {
		if slices.Contains(verbs(), strings.TrimLeft(word, "-")) {
			name += " " + strings.TrimLeft(word, "-")
			break
		}
	}
	return Effect{What: "start", Object: name}
}

var interpreter = regexp.MustCompile(`/(dash|bash|perl|python)[0-9.]*$`)

// verbs are those of apt-get, dpkg, maintainer scripts, compose and dockerd.
func verbs() []string {
	return []string{
		"update", "install", "remove", "unpack", "configure", "upgrade", "abort-install", "up", "pull", "validate",
		"hold", "unhold", "triggers-only", "print-foreign-architectures", "simulate",
	}
}

// textAt reads a string that ends with a zero byte.
func textAt(pid int, address uint64) string {
	found, _, _ := bytes.Cut(peek(pid, address, longestPath), []byte{0})
	return string(found)
}

// firstPart reads the beginning of what a msghdr (recvmsg(2)) holds.
func firstPart(pid int, address uint64) []byte {
	header := peek(pid, address, 32) // name, its length, iov, number of iov
	if len(header) < 32 {
		return nil
	}
	part := peek(pid, word(header, 16), 16)
	if len(part) < 16 {
		return nil
	}
	return peek(pid, word(part, 0), int(min(word(part, 8), 1024)))
}

func word(bytes []byte, at int) uint64 {
	var value uint64
	for i := range 8 {
		value |= uint64(bytes[at+i]) << (8 * i)
	}
	return value
}

// exists tells whether a process sees something at an absolute path.
func exists(pid int, path string) bool {
	_, err := os.Lstat(seenBy(pid, path))
	return err == nil
}

// seenBy gives where we find a path of a process, which may have another root.
func seenBy(pid int, path string) string { return fmt.Sprintf("/proc/%d/root%s", pid, path) }
