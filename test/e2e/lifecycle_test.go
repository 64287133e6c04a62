package e2e

import (
	"slices"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
)

// The way out: disable and uninstall, and the way back in.
func TestDisableAndUninstall(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.provisionAccount()
		bare := l.look()
		l.uninstallOfNothing(bare)
		l.hostWithContainers()
		l.realDisable()
		l.enableAgain()
		l.uninstallKeepsData(bare)
		l.enableAgainAfterUninstall()
		l.uninstallWithoutDisablePurges(bare)
		l.installByHand()
	})
}

const lifecycleSettings = `{"docker":{"port":"2376","options":["--label","foo=bar"]}}`

// provisionAccount leaves what the agent leaves when it has provisioned a VM.
func (l *lab) provisionAccount() {
	l.Helper()
	l.sh("useradd --create-home azureuser && echo 'azureuser ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/waagent")
}

// appearance is a host as an uninstall has to give it back.
type appearance struct {
	etc       map[string]string
	installed string
	groups    string
}

func (l *lab) look() appearance {
	l.Helper()
	etc, err := l.vm.Tree(l.ctx(), "/etc")
	if err != nil {
		l.Fatal(err)
	}
	return appearance{
		etc:       etc,
		installed: l.sh(`dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' | grep '^.i'`),
		groups:    l.sh("id -nG azureuser"),
	}
}

// wantAsBefore wants the host as it was before the extension, but for the leftovers in /etc.
func (l *lab) wantAsBefore(before appearance, leftovers []string) {
	l.Helper()
	now := l.look()
	changed := differences(before.etc, now.etc)
	if !slices.Equal(changed, leftovers) {
		l.Errorf("what differs in /etc:\n\t%s\nwanted:\n\t%s", strings.Join(changed, "\n\t"), strings.Join(leftovers, "\n\t"))
	}
	if now.installed != before.installed {
		l.Errorf("the packages are other ones now:\n%s", strings.Join(lineDifferences(before.installed, now.installed), "\n"))
	}
	if now.groups != before.groups {
		l.Errorf("azureuser is in the groups %s, before in %s", now.groups, before.groups)
	}
	l.wantNothingOfOurs()
	if left := l.sh("ps -e -o comm= | grep -E '^(dockerd|containerd)' || true; systemctl list-units --no-legend 'docker*' 'containerd*'"); left != "" {
		l.Errorf("still there: %s", left)
	}
}

// wantNothingOfOurs wants that no folder, process or unit of the extension is left.
func (l *lab) wantNothingOfOurs() {
	l.Helper()
	left := l.sh("ls -d /var/lib/docker-extension /run/docker-extension " + agent.LibDir + "/" + agent.DefaultName + "* 2>/dev/null;" +
		"systemctl list-units --all --no-legend 'docker-extension*'; ps -e -o args= | grep '^[^ ]*/docker-extension' || true")
	if left != "" {
		l.Errorf("left behind: %s", left)
	}
}

// differences gives "+ path", "- path" or "! path" for what is new, gone and changed.
func differences(before, after map[string]string) (all []string) {
	for path, now := range after {
		switch was, there := before[path]; {
		case !there:
			all = append(all, "+ "+path)
		case was != now:
			all = append(all, "! "+path)
		}
	}
	for path := range before {
		if _, there := after[path]; !there {
			all = append(all, "- "+path)
		}
	}
	slices.Sort(all)
	return all
}

func lineDifferences(before, after string) []string {
	return differences(lines(before), lines(after))
}

func lines(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		all[strings.TrimSpace(line)] = ""
	}
	return all
}

// Installed, never enabled, uninstalled: the host has not been touched.
func (l *lab) uninstallOfNothing(bare appearance) {
	if s := l.enable(l.settings(`{"docker":{"prot":2376}}`, nil)); s.State != agent.Error {
		l.Errorf("settings with a mistake: %s", show(s))
	}
	if err := l.agent.Uninstall(l.ctx()); err != nil {
		l.Errorf("uninstall of what was never enabled: %v", err)
	}
	l.wantAsBefore(bare, nil)
}

// hostWithContainers is what people have: containers that come back, a volume, an image.
func (l *lab) hostWithContainers() {
	l.succeed(l.remote(lifecycleSettings))
	l.runContainer("always", "always", "--volume data:/data")
	l.runContainer("unless", "unless-stopped")
	l.sh("docker exec always sh -c 'echo precious >/data/file'")
}

// A disable that somebody wants: engine and containers stop, and stay stopped over a reboot.
func (l *lab) realDisable() {
	for range 2 {
		if err := l.agent.Disable(l.ctx()); err != nil {
			l.Fatalf("disable: %v", err)
		}
		l.wantStopped()
		if s, err := l.agent.Status(); err != nil || s.State != agent.Success || !strings.Contains(s.Message, "stopped") {
			l.Errorf("status after disable: %s, error %v", show(s), err)
		}
		l.again("disable")
	}
	if err := l.vm.Reboot(l.ctx()); err != nil {
		l.Fatal(err)
	}
	l.wantStopped()
}

// again runs a verb once more although the agent thinks that it is done.
func (l *lab) again(verb string) {
	l.Helper()
	handler, _ := l.agent.Current()
	seq, _ := l.agent.Seq()
	if _, err := l.agent.Run(l.ctx(), handler, verb, seq); err != nil {
		l.Errorf("%s again: %v", verb, err)
	}
}

func (l *lab) wantStopped() {
	l.Helper()
	got := l.sh(`systemctl is-active docker.service docker.socket
		systemctl is-enabled docker.service docker.socket
		ps -e -o comm= | grep -E '^(dockerd|containerd-shim)' || true`)
	if got != "inactive\ninactive\ndisabled\ndisabled" {
		l.Errorf("active, enabled, processes after disable: %q", strings.Fields(got))
	}
}

// Enable after a disable, with the settings that were: all is there again by its own policy.
func (l *lab) enableAgain() {
	if err := l.agent.EnableAgain(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if s := l.wait(); s.State != agent.Success {
		l.Fatalf("enable after disable: %s", show(s))
	}
	l.wantContainers()
	l.wantVersion(l.keys, 2376)
	if got := l.sh("docker info --format '{{.Labels}} {{.LiveRestoreEnabled}}'"); got != "[foo=bar] true" {
		l.Errorf("docker info says %s", got)
	}
}

// wantContainers wants both containers to run, with the policies that they were started with, and
// volume and image to be there.
func (l *lab) wantContainers() {
	l.Helper()
	for name, policy := range map[string]string{"always": "always", "unless": "unless-stopped"} {
		l.container(name)
		if got := l.inspect(name, "{{.HostConfig.RestartPolicy.Name}}"); got != policy {
			l.Errorf("the container %s has the restart policy %s, before %s", name, got, policy)
		}
	}
	if got := l.sh("docker exec always cat /data/file && docker images --quiet busybox | wc -l"); got != "precious\n1" {
		l.Errorf("the volume's file and the number of images: %q", got)
	}
}

// A real uninstall takes away what came with the extension, and keeps the data. It does not need apt's lists, which
// a power cut may tear.
func (l *lab) uninstallKeepsData(bare appearance) {
	l.sh(`cp -a /var/lib/apt/lists /tmp/lists && truncate --size=1000 /var/lib/apt/lists/*InRelease
		if apt-get check >/dev/null 2>&1; then echo apt does not mind torn lists; exit 1; fi`)
	if err := l.agent.Uninstall(l.ctx()); err != nil {
		l.Fatalf("uninstall: %v", err)
	}
	l.sh("rm -r /var/lib/apt/lists && mv /tmp/lists /var/lib/apt/lists")
	l.wantAsBefore(bare, dpkgLeftovers(l.vm.Suite()))
	if got := l.sh("cat /var/lib/docker/volumes/data/_data/file"); got != "precious" {
		l.Errorf("the volume's file says %q", got)
	}
}

func (l *lab) enableAgainAfterUninstall() {
	l.succeed(l.remote(`{"docker":{"port":"2376","options":["--label","foo=bar"]},"uninstall":{"purgeData":true}}`))
	l.wantContainers()
	l.wantVersion(l.keys, 2376)
}

// Uninstall does not rely on a disable before it, nor on packages that are whole: these are as a kill in the
// middle of their unpacking leaves them. The settings say that the data is to go.
func (l *lab) uninstallWithoutDisablePurges(bare appearance) {
	l.sh(`for torn in 'runc half-installed' 'tini unpacked'; do set -- $torn
		sed -i "/^Package: $1\$/,/^Status:/s/^Status:.*/Status: install reinstreq $2/" /var/lib/dpkg/status; done
		dpkg --audit | grep -q runc`)
	l.again("uninstall")
	if left := l.sh("find /var/lib/docker /var/lib/containerd -mindepth 1 2>/dev/null | head"); left != "" {
		l.Errorf("left behind although the data was to go: %s", left)
	}
	if err := l.agent.Uninstall(l.ctx()); err != nil {
		l.Errorf("uninstall of what is uninstalled: %v", err)
	}
	l.wantAsBefore(bare, dpkgLeftovers(l.vm.Suite()))
}

// A person who then installs the engine by hand gets what anybody gets: one that runs.
func (l *lab) installByHand() {
	l.sh("DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends docker.io")
	if got := l.sh("systemctl is-active docker.service; systemctl is-enabled docker.service docker.socket"); got != "active\nenabled\nenabled" {
		l.Errorf("an engine that is installed by hand later is %q", strings.Fields(got))
	}
}

// dpkgLeftovers lists what differs in /etc after the packages that came with us were removed. We never
// purge, for that would delete the data.
func dpkgLeftovers(suite string) []string {
	all := []string{
		// The group docker, which the package makes and does not take away. The other two are the
		// copies that passwd's tools make.
		"! /etc/group", "! /etc/group-", "! /etc/gshadow", "! /etc/gshadow-",
		// Configuration files of the packages: dpkg deletes them at a purge.
		"+ /etc/cni", "+ /etc/cni/net.d", "+ /etc/containerd", "+ /etc/containerd/config.toml",
		"+ /etc/default/docker", "+ /etc/init.d/docker",
		// Links to them, from update-rc.d and from deb-systemd-helper: likewise.
		"+ /etc/rc0.d/K01docker", "+ /etc/rc1.d/K01docker", "+ /etc/rc2.d/S01docker", "+ /etc/rc3.d/S01docker",
		"+ /etc/rc4.d/S01docker", "+ /etc/rc5.d/S01docker", "+ /etc/rc6.d/K01docker",
		"+ /etc/systemd/system/multi-user.target.wants/containerd.service",
		"+ /etc/systemd/system/multi-user.target.wants/docker.service",
		"+ /etc/systemd/system/sockets.target.wants", "+ /etc/systemd/system/sockets.target.wants/docker.socket",
	}
	if suite == "bookworm" {
		// The engine's own identity, which engines up to 23 make at their first start.
		all = append(all, "+ /etc/docker", "+ /etc/docker/key.json")
	}
	slices.Sort(all)
	return all
}
