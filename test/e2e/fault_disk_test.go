package e2e

import (
	"context"
	"encoding/json"
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
		{name: "no space for the binary's copy", code: codeHostFiles, strike: noRoomForCopy,
			says: []string{stateDir + "/bin/docker-extension: cannot write: no space left on device", room}},
		{name: "state folder read-only", code: codeHostFiles, strike: readOnly(stateDir),
			says: []string{stateDir, "read-only file system"}},
		{name: "state folder noexec", code: 24, strike: noexec(stateDir), says: []string{"docker-extension-converge.service", "its file system is mounted noexec (findmnt -T shows it)"}},
		{name: "disk full at the status folder", brief: true, code: codeHostFiles, strike: fullStatus,
			says: []string{".status: cannot write: no space left on device", room}},
		{name: "disk full at the status folder in the middle", brief: true, code: 53, strike: statusFullWithEngine, meanwhile: statusOnFullDisk,
			settings: asks(`{"docker":{"port":2376,"options":["--storage-driver=nope"]}}`), says: []string{"the files are as they were, and it runs again"}},
		{name: "disk full at the log folder", strike: full(path.Join(agent.LogDir, agent.DefaultName))},
		{name: "disk full at run", code: codeHostFiles, strike: full("/run/docker-extension"),
			says: []string{"/run/docker-extension/", "no space left on device", room}},
		{name: "disk full at dpkg's folder", fresh: true, code: codePackageInstall, strike: fullDpkg, settings: asks(impatient),
			says: []string{"No space left on device", "make room on the disk"}},
		{name: "disk full at apt's cache", fresh: true, code: codePackageInstall, strike: fullCache, settings: asks(impatient),
			says: []string{"make room on the disk"}},
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
	return over(folder, "nr_inodes=40", "for i in $(seq 50); do touch "+folder+"/filler$i || break; done 2>/dev/null; true")
}

func readOnly(folder string) func(*lab) func() {
	return over(folder, "size=24m", "mount -o remount,bind,ro "+folder)
}

func noexec(folder string) func(*lab) func() {
	return over(folder, "size=64m", "mount -o remount,bind,noexec "+folder)
}

// noRoomForCopy takes the copy away that is there from the last run, and leaves no room for another.
func noRoomForCopy(l *lab) func() {
	l.sh("rm " + stateDir + "/bin/docker-extension")
	return full(stateDir + "/bin")(l)
}

// fullDpkg fills the folder in which dpkg keeps its record. What dpkg has noted stays in the end, as it
// does on a disk that gets room again.
func fullDpkg(l *lab) func() {
	const folder = "/var/lib/dpkg"
	over(folder, "size=96m", "dd if=/dev/zero of="+folder+"/filler bs=4k 2>/dev/null || true")(l)
	return func() {
		l.sh(fmt.Sprintf("rm %[1]s/filler; cp -a %[1]s /root/noted; umount -l %[1]s; rm -rf %[1]s; mv /root/noted %[1]s", folder))
	}
}

// fullCache fills the folder of packages that were downloaded, with none of them in it.
func fullCache(l *lab) func() {
	l.sh(stock + "apt-get clean")
	mend := full("/var/cache/apt")(l)
	return func() {
		mend()
		l.sh(restock)
	}
}

// statusFullWithEngine lets the folder of the status files fill up when the engine stops.
func statusFullWithEngine(l *lab) func() {
	const dropIn = "/etc/systemd/system/docker.service.d/99-filler.conf"
	folder := path.Join(l.handler().Dir(), "status")
	unmount := over(folder, "size=24m", fmt.Sprintf(`mkdir -p $(dirname %[1]s)
		printf '[Service]\nExecStopPost=-/bin/dd if=/dev/zero of=%[2]s/filler bs=4k\n' >%[1]s
		systemctl daemon-reload`, dropIn, folder))(l)
	return func() {
		l.sh(fmt.Sprintf("test -s %[2]s/filler && rm -r $(dirname %[1]s) && systemctl daemon-reload", dropIn, folder))
		unmount()
	}
}

// statusOnFullDisk reads the status in the VM: the agent of this lab reads past the mount.
func statusOnFullDisk(l *lab, s agent.Settings) ending {
	if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
		return l.failedCall(err)
	}
	seq, _ := l.agent.Seq()
	script := fmt.Sprintf("grep -v '\"status\":\"transitioning\"' %s/status/%d.status || true", l.handler().Dir(), seq)
	l.await("the last status", func(context.Context) bool { return l.sh(script) != "" })
	var reports []struct {
		Status struct {
			Code             int
			FormattedMessage struct{ Message string }
		}
	}
	if err := json.Unmarshal([]byte(l.sh(script)), &reports); err != nil || len(reports) != 1 {
		l.Fatalf("the status is %s, error %v", l.sh(script), err)
	}
	return ending{reports[0].Status.Code, reports[0].Status.FormattedMessage.Message}
}

// fullStatus fills the folder of the status files.
func fullStatus(l *lab) func() { return full(path.Join(l.handler().Dir(), "status"))(l) }
