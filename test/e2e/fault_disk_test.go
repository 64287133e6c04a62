package e2e

import (
	"fmt"
	"path"

	"docker-extension/test/harness/agent"
)

// diskMishaps are those of file systems that are full, read-only or without the right to execute.
func diskMishaps() []mishap {
	const room = "make room on the file system at "
	return []mishap{
		{name: "disk full at etc", brief: true, code: codeHostFiles, strike: full("/etc"),
			says: []string{daemonJSON + ": cannot write: no space left on device", room + "/etc ("}},
		{name: "inodes used up at etc docker", code: codeHostFiles, strike: withoutInodes("/etc/docker"),
			says: []string{daemonJSON + ": cannot write: no space left on device", room}},
		{name: "read-only etc", brief: true, code: codeHostFiles, strike: readOnly("/etc"),
			says: []string{daemonJSON + ": cannot write: read-only file system", "mount the file system at /etc read-write"}},
		{name: "disk full at the state folder", brief: true, code: codeHostFiles, strike: full(stateDir),
			says: []string{stateDir, "no space left on device", room}},
		{name: "no space for the binary's copy", code: codeHostFiles, strike: full(stateDir + "/bin"),
			says: []string{stateDir + "/bin/docker-extension: cannot write: no space left on device", room}},
		{name: "state folder read-only", code: codeHostFiles, strike: readOnly(stateDir),
			says: []string{stateDir, "read-only file system"}},
		{name: "state folder noexec", code: 24, strike: noexec(stateDir), says: []string{"docker-extension-converge.service", "its file system is mounted noexec (findmnt -T shows it)"}},
		{name: "disk full at the status folder", brief: true, code: codeHostFiles, strike: fullStatus,
			says: []string{".status: cannot write: no space left on device", room}},
		{name: "disk full at the log folder", strike: full(path.Join(agent.LogDir, agent.DefaultName))},
		{name: "disk full at run", code: codeHostFiles, strike: full("/run/docker-extension"),
			says: []string{"/run/docker-extension/", "no space left on device", room}},
	}
}

// over mounts a small file system in memory over a folder, with what is in the folder, and runs a script
// on it as on the folder itself. The mount goes again when the VM is mended.
func over(folder, options, then string) func(*lab) func() {
	return func(l *lab) func() {
		l.sh(fmt.Sprintf(`mkdir -p %[1]s /mnt/over
			mount -t tmpfs -o mode=$(stat -c %%a %[1]s),%[2]s over /mnt/over
			cp -a %[1]s/. /mnt/over
			mount --bind /mnt/over %[1]s && umount /mnt/over
			%[3]s`, folder, options, then))
		return func() { l.sh("umount -l " + folder) }
	}
}

// full makes a folder a file system of its own with no byte left.
func full(folder string) func(*lab) func() {
	return over(folder, "size=24m", "dd if=/dev/zero of="+folder+"/filler bs=4k 2>/dev/null || true")
}

func withoutInodes(folder string) func(*lab) func() {
	return over(folder, "nr_inodes=40", "for i in $(seq 50); do : >"+folder+"/filler$i || break; done 2>/dev/null; true")
}

func readOnly(folder string) func(*lab) func() {
	return over(folder, "size=24m", "mount -o remount,bind,ro "+folder)
}

func noexec(folder string) func(*lab) func() {
	return over(folder, "size=64m", "mount -o remount,bind,noexec "+folder)
}

// fullStatus fills the folder of the status files.
func fullStatus(l *lab) func() { return full(path.Join(l.handler().Dir(), "status"))(l) }
