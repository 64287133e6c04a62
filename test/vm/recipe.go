package vm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// Suites gives the Debian releases that Prepare and Boot know, oldest first.
func Suites() []string { return []string{"bookworm", "trixie"} }

// basePackages is the smallest system that has what an Azure image has and the tests need. The
// agent is installed but does not start by itself.
const basePackages = "systemd,systemd-sysv,dbus,iproute2,iptables,ca-certificates,openssl," +
	"python3-minimal,libpam-systemd,procps,curl,busybox-static,waagent,sudo,strace"

// cgroupUnit makes the controllers of cgroup v1 writable inside the machine before any service
// starts, so that containers with a restart policy come up after a reboot as well.
const cgroupUnit = `[Unit]
Description=Make the cgroup v1 controllers writable for container engines
DefaultDependencies=no
Before=sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'while read -r _ d t o _; do case "$t $o" in "cgroup ro"*) mount -o remount,bind,rw "$d";; esac; done </proc/mounts'

[Install]
WantedBy=sysinit.target
`

// finishScript runs in the new root after debootstrap. systemd-sysctl and systemd-modules-load are
// masked because the machine shares the host's kernel: the first would set the host's own values,
// the second fails for want of modules and leaves the system "degraded". The agent's unit is
// disabled, not masked, so that a test can start it. /etc/hostname goes away because it is the
// host's; every machine gets its own, and its own machine-id. The timers are masked because what they do
// at midnight, or on some day of the week, would be seen as what a run of the extension has done.
const finishScript = `set -eu
export DEBIAN_FRONTEND=noninteractive
apt-get clean
apt-get -qq update
apt-get -qq install -y --download-only --no-install-recommends %s
rm -rf /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/apt/* /etc/hostname
install -d -m 0700 -o _apt -g root /var/lib/apt/lists/partial
systemctl --quiet mask systemd-sysctl.service systemd-modules-load.service apt-daily.timer apt-daily-upgrade.timer \
	dpkg-db-backup.timer e2scrub_all.timer fstrim.timer
systemctl --quiet disable walinuxagent.service 2>/dev/null
systemctl --quiet enable cgroup-writable.service
install -d /tmp/image/bin /tmp/image/etc /tmp/image/tmp
cp /bin/busybox /tmp/image/bin/busybox
for name in $(/bin/busybox --list); do
	[ "$name" = busybox ] || ln -s busybox "/tmp/image/bin/$name"
done
echo 'root:x:0:0:root:/:/bin/sh' >/tmp/image/etc/passwd
tar -C /tmp/image -cf /opt/busybox.tar .
rm -rf /tmp/image /etc/machine-id /var/lib/dbus/machine-id
`

// enginePackages gives the packages to lay into apt's archive folder, without their recommends.
func enginePackages(suite string) string {
	if suite == "bookworm" {
		return "docker.io" // the client is in the same package until Debian 12
	}
	return "docker.io docker-cli"
}

// recipe is all that decides what a prepared root holds.
type recipe struct {
	suite   string
	mirrors mirrors
	apt     string // apt settings of the host that the machine needs to reach the same mirror
}

// newRecipe reads the host's apt configuration for a suite.
func newRecipe(ctx context.Context, suite string) (recipe, error) {
	if !slices.Contains(Suites(), suite) {
		return recipe{}, fmt.Errorf("suite %q is not known: choose one of %s", suite, strings.Join(Suites(), ", "))
	}
	found, err := hostMirrors()
	if err != nil {
		return recipe{}, err
	}
	apt, err := hostAptSettings(ctx)
	return recipe{suite: suite, mirrors: found, apt: apt}, err
}

// hostAptSettings gives those settings without which the host's mirror may not answer: its proxy,
// and the leniency that a mirror frozen in time asks for. A host without apt has none.
func hostAptSettings(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("apt-config"); err != nil {
		return "", nil
	}
	dump, err := hostCommand(ctx, "apt-config", "dump", "--format", "%f \"%v\";%n",
		"Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::Check-Valid-Until", "Acquire::Check-Date")
	if err != nil {
		return "", err
	}
	var kept strings.Builder
	for line := range strings.Lines(dump) {
		if !strings.HasSuffix(strings.TrimSpace(line), `"";`) {
			kept.WriteString(line)
		}
	}
	return kept.String(), nil
}

// files gives what is laid into the root before finishScript runs, by path.
func (r recipe) files() map[string]string {
	return map[string]string{
		"etc/apt/sources.list":                       "",
		"etc/apt/sources.list.d/debian.sources":      r.mirrors.sourcesFile(r.suite),
		"etc/apt/apt.conf.d/90host":                  r.apt,
		"etc/systemd/system/cgroup-writable.service": cgroupUnit,
	}
}

// script gives finishScript for this suite.
func (r recipe) script() string { return fmt.Sprintf(finishScript, enginePackages(r.suite)) }

// name gives the folder of the root: the suite and the digest of everything above.
func (r recipe) name() string {
	text := fmt.Sprint(r.suite, basePackages, r.mirrors, r.files(), r.script())
	sum := sha256.Sum256([]byte(text))
	return r.suite + "-" + hex.EncodeToString(sum[:6])
}
