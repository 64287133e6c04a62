package trace

import "golang.org/x/sys/unix"

// legacyEffectOf knows the system calls that newer architectures have no more.
func legacyEffectOf(pid int, c call) Effect {
	path := func(i int) string { return pathAt(pid, unix.AT_FDCWD, textAt(pid, c.args[i])) }
	switch c.number {
	case unix.SYS_OPEN:
		return creation(pid, path(0), c.args[1])
	case unix.SYS_CREAT:
		return creation(pid, path(0), unix.O_CREAT)
	case unix.SYS_RENAME:
		return ofFile("rename", path(1))
	case unix.SYS_UNLINK:
		return removal(pid, path(0), false)
	case unix.SYS_RMDIR:
		return removal(pid, path(0), true)
	case unix.SYS_MKDIR:
		return newFolder(pid, path(0))
	case unix.SYS_LINK, unix.SYS_SYMLINK:
		return ofFile("link", path(1))
	}
	return Effect{}
}
