package realagent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/harness/agent"
)

const (
	firstSettings  = `{"docker":{"port":"2376","options":["--label","foo=bar"]}}`
	secondSettings = `{"docker":{"port":"2376","options":["--label","foo=baz"]}}`
	wrongSettings  = `{"docker":{"prot":"2376"}}`
)

// The codes that the tests meet, as docs/errors.md lists them.
const (
	codeSettingsInvalid = 13
	codeUnsupported     = 51
	codePackageInstall  = 52
)

// The life of the extension on one VM, as the real agent plays it.
func TestLife(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.step("a goal state without extensions", l.begin)
		bare := l.look()
		l.step("install and enable", l.install)
		l.step("a new incarnation and an agent restart", l.nothingChanges)
		web := l.runWeb()
		l.step("new settings, wrong ones, right ones", func() { l.newSettings(web) })
		l.step("settings over FastTrack", func() { l.fastTrack(web) })
		l.step("update, broken update, downgrade", func() { l.otherVersions(web) })
		l.step("reboot", l.reboot)
		l.step("disable and enable", l.disableAndEnable)
		l.step("uninstall and install", func() { l.uninstallAndInstall(bare) })
		l.step("events", l.wantEvents)
		l.wantNoStall()
	})
}

// begin starts the agent on an empty goal state, so that it can be watched from then on.
func (l *lab) begin() {
	if err := l.agent.Start(l.ctx()); err != nil {
		l.Fatal(err)
	}
	upload, err := l.fabric.Await(l.ctx(), 0, func(u azure.Upload) bool { return u.Goal == l.fabric.Number() })
	if err != nil {
		l.Fatal(err)
	}
	if version, err := l.agent.Version(l.ctx()); err != nil || !strings.HasPrefix(version, upload.AgentVersion+"-") {
		l.Errorf("the agent says that it is %s, the package is %s, %v", upload.AgentVersion, version, err)
	}
	l.Logf("agent %s", upload.AgentVersion)
	l.watchStatusFile(l.pkg.Version, 0)
}

// install is the first goal state with us in it: the uploaded status walks from transitioning, with
// the steps that are under way, to success.
func (l *lab) install() {
	l.configure(firstSettings)
	last := l.succeed()
	l.Logf("the agent asks for certificates with %q", l.fabric.Seen().Ciphers)
	l.Log(show(last))
	var states []string
	steps := 0
	for _, upload := range l.fabric.Uploads() {
		h, ok := upload.Handler(extension)
		if !ok || h.Extension == nil {
			continue
		}
		states = append(states, h.Extension.State)
		steps = max(steps, len(h.Extension.Substatus))
	}
	if got := strings.Join(slices.Compact(states), " "); got != agent.Transitioning+" "+agent.Success || steps == 0 {
		l.Errorf("the uploaded states are %q with up to %d steps", got, steps)
	}
	for _, sub := range last.Extension.Substatus {
		if sub.State != agent.Success {
			l.Errorf("at the end the step %s is %s", sub.Name, sub.State)
		}
	}
	l.wantRemote("2376")
}

// nothingChanges enables again what is enabled: nothing of ours may notice.
func (l *lab) nothingChanges() {
	engine, enabled := l.engine(), l.count("enable")
	l.fabric.Next()
	l.wantNothingDone(l.succeed())

	mark := l.restartAgent(l.agent.Stop)
	l.wantNothingDone(l.awaitAfter(mark, "success after the restart", l.ended))
	if now := l.count("enable"); now != enabled+2 {
		l.Errorf("enable was called %d times, before %d", now, enabled)
	}
	l.wantEngine(engine)
}

// restartAgent stops the agent in some way and starts it; it gives the number of the last upload
// before.
func (l *lab) restartAgent(stop func(context.Context) error) int {
	l.Helper()
	if err := stop(l.ctx()); err != nil {
		l.Fatal(err)
	}
	mark := l.fabric.Mark()
	if err := l.agent.Start(l.ctx()); err != nil {
		l.Fatal(err)
	}
	return mark
}

func (l *lab) wantNothingDone(r report) {
	l.Helper()
	if r.Extension.State != agent.Success || !strings.Contains(r.Extension.Message, "nothing had to be changed") {
		l.Errorf("the agent reports %s", show(r))
	}
}

// count tells how often the agent has called a verb, by its own log of commands.
func (l *lab) count(verb string) int {
	l.Helper()
	return strings.Count(l.commandLog(), "bin/docker-extension "+verb+" with environment")
}

func (l *lab) commandLog() string {
	l.Helper()
	text, err := l.vm.ReadFile(agent.LogDir + "/" + extension + "/CommandExecution.log")
	if err != nil {
		l.Fatal(err)
	}
	return string(text)
}

// newSettings takes settings under a new sequence number; a mistake in them is uploaded as an error
// in our words, and costs nobody the engine.
func (l *lab) newSettings(web container) {
	engine := l.engine()
	l.configure(secondSettings)
	l.succeed()
	if labels := l.sh("docker info --format '{{.Labels}}'"); labels != "[foo=baz]" {
		l.Errorf("docker info says %s", labels)
	}
	l.configure(wrongSettings)
	r := l.await("an error", l.ended)
	l.Log(show(r))
	const sentence = "publicSettings.docker.prot: is not a known key"
	if r.Extension.State != agent.Error || r.Extension.Code != codeSettingsInvalid || !strings.Contains(r.Extension.Message, sentence) {
		l.Errorf("the extension's status is %s", show(r))
	}
	if r.Status != "NotReady" || r.Code != agent.CodeEnable || !strings.Contains(r.Message, sentence) {
		l.Errorf("the handler's status is %s", show(r))
	}
	l.configure(secondSettings)
	l.wantNothingDone(l.succeed())
	l.wantEarlierWiped()
	l.wantEngine(engine)
	web.wantUntouched(l)
}

// wantEarlierWiped: of all settings files that the agent keeps only the one in force has secrets. That
// the agent goes on with it is what the restarts, updates and the downgrade after this show.
func (l *lab) wantEarlierWiped() {
	l.Helper()
	folder := fmt.Sprintf("/var/lib/waagent/%s-%s/config", extension, l.goal.Version)
	sealed := l.sh("cd " + folder + ` && grep -lE '"protectedSettings": *"' *.settings`)
	all := l.sh("cd " + folder + " && ls *.settings | wc -l")
	if want := fmt.Sprintf("%d.settings", l.goal.Seq); sealed != want || all == "1" {
		l.Errorf("of %s settings files %q have protected settings, want %s alone", all, sealed, want)
	}
}

// fastTrack sends settings as vmSettings. Agent 2.7.3 fetches them and does nothing; then they come
// as an incarnation.
func (l *lab) fastTrack(web container) {
	l.fabric.OfferVMSettings(true)
	mark := l.restartAgent(l.agent.Stop)
	l.wantNothingDone(l.awaitAfter(mark, "success after the restart", l.ended))
	triple := l.keys.Triple()
	l.goal.Settings = l.settings(`{"docker":{"port":"2376","options":["--label","foo=fast"]}}`, &triple)
	l.goal.Seq++
	before := l.fabric.Seen().Requests["GET /vmSettings"]
	l.fabric.SetFast(l.goal)
	if l.vm.Suite() == "bookworm" {
		l.until("three more looks at the vmSettings", func() bool { return l.fabric.Seen().Requests["GET /vmSettings"] > before+3 })
		if labels := l.sh("docker info --format '{{.Labels}}'"); labels != "[foo=baz]" {
			l.Errorf("agent 2.7.3 acted on vmSettings: %s", labels)
		}
		l.set()
	}
	l.succeed()
	if labels := l.sh("docker info --format '{{.Labels}}'"); labels != "[foo=fast]" {
		l.Errorf("docker info says %s", labels)
	}
	web.wantUntouched(l)
}

// reboot starts the VM anew: the engine comes up by itself, once, and the agent, which does so too,
// finds nothing to do.
func (l *lab) reboot() {
	if err := l.agent.Stop(l.ctx()); err != nil {
		l.Fatal(err)
	}
	mark := l.fabric.Mark()
	if err := l.vm.Reboot(l.ctx()); err != nil {
		l.Fatal(err)
	}
	l.wantNothingDone(l.awaitAfter(mark, "success after the reboot", l.ended))
	if starts := l.sh("journalctl --sync; journalctl -b -u docker.service -o cat | grep -c '^Starting docker.service'"); starts != "1" {
		l.Errorf("the engine was started %s times since the boot", starts)
	}
	l.web()
	l.wantRemote("2376")
}

// disableAndEnable stops the engine, and brings everything back.
func (l *lab) disableAndEnable() {
	l.goal.State = azure.Disabled
	l.set()
	r := l.await("the disabled handler", func(r report) bool { return r.Message == "Plugin disabled" })
	l.Log(show(r))
	if r.Status != "NotReady" {
		l.Errorf("the agent reports %s", show(r))
	}
	if state := l.sh("systemctl is-active docker.service docker.socket; pgrep -x dockerd || true"); state != "inactive\ninactive" {
		l.Errorf("after disable: %s", state)
	}
	l.goal.State = azure.Enabled
	l.set()
	l.succeed()
	l.wantData()
}

// wantData wants container, image and volume to be there.
func (l *lab) wantData() {
	l.Helper()
	l.until("the container", func() bool {
		return l.sh("docker container inspect --format '{{.State.Running}}' web 2>&1 || true") == "true"
	})
	if got := l.sh("docker exec web cat /www/index.html && docker images --quiet busybox | wc -l"); got != "hello\n1" {
		l.Errorf("the volume's file and the number of images: %q", got)
	}
}

// uninstallAndInstall takes us away and brings us back; the data stays.
func (l *lab) uninstallAndInstall(bare string) {
	l.goal.State = azure.Uninstall
	l.set()
	number := l.fabric.Number()
	if _, err := l.fabric.Await(l.ctx(), 0, func(u azure.Upload) bool {
		_, there := u.Handler(extension)
		return u.Goal == number && !there
	}); err != nil {
		l.Fatal(err)
	}
	if left := l.sh("cd /var/lib/waagent && ls -d " + extension + "-*"); left != extension+"-"+brokenVersion {
		l.Errorf("of our folders the agent leaves %q", left) // that of a failed update stays
	}
	if now := l.look(); now != bare {
		l.Errorf("what differs after the extension: %q", differences(bare, now))
	}
	if left := l.sh("ls /var/lib/docker/volumes/data/_data"); left != "index.html" {
		l.Errorf("in the volume: %q", left)
	}
	l.goal.State = azure.Enabled
	l.configure(firstSettings)
	l.succeed()
	l.wantData()
	l.wantRemote("2376")
}

// look describes what we may have changed on the VM.
func (l *lab) look() string {
	l.Helper()
	return l.sh(`dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | grep '^.i'
		find /etc/docker -type f ! -name key.json 2>/dev/null # the identity that engines up to 23 give themselves
		ls -d /etc/systemd/system/docker* /etc/apt/keyrings/* /etc/apt/sources.list.d/* 2>/dev/null
		ls -d /var/lib/docker-extension /run/docker-extension 2>/dev/null
		grep -Lsx FailedUpgrade /var/lib/waagent/` + extension + `-*/config/HandlerState || true
		systemctl list-units --plain --no-legend 'docker*' 'containerd*'
		pgrep -l 'dockerd|containerd'
		true`)
}

// differences gives the lines that only one of two texts has.
func differences(before, after string) (lines []string) {
	was, is := strings.Split(before, "\n"), strings.Split(after, "\n")
	for _, line := range was {
		if !slices.Contains(is, line) {
			lines = append(lines, "- "+line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			lines = append(lines, "+ "+line)
		}
	}
	return lines
}
