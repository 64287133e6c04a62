package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"docker-extension/test/bodies"
	"docker-extension/test/harness/agent"
)

// onVM is the program as a person calls it on the VM.
const onVM = "/var/lib/docker-extension/bin/docker-extension"

// What plan says before a change is what the next enable does, and after it there is nothing to do. The plan
// is made without a network, and touches nothing.
func TestPlan(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.sh("useradd --create-home azureuser && echo 'azureuser ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/waagent")
		base := l.remote(ports(bodies.Base))
		l.succeed(base)
		l.stage("settings", func() { l.planSettings(base) })
		l.stage("the VM", l.planVM)
		l.stage("made", func() { l.planMade(base) })
	})
}

func ports(text string) string {
	return strings.NewReplacer("OTHERPORT", "2377", "PORT", "2376").Replace(text)
}

// planSettings asks for the plan of each single change of the settings.
func (l *lab) planSettings(base agent.Settings) {
	l.offline(true)
	defer l.offline(false)
	before := l.untouched()
	for _, change := range bodies.Changes() {
		got := l.plan(l.changed(base, change))
		lines := strings.NewReplacer("2377", "OTHERPORT", "2376", "PORT").Replace(got.Lines())
		want, steps := change.Lines, change.Steps
		if l.vm.Suite() == "bookworm" {
			want = strings.NewReplacer("hold docker-cli, docker.io", "hold docker.io", "containerd, docker-cli, docker.io", "containerd, docker.io").Replace(want)
		}
		if got.StepNames() != steps || lines != want {
			l.Errorf("%s: steps %q\n%s\nwant %q\n%s", change.Name, got.StepNames(), lines, steps, want)
		}
	}
	before.check(l)
}

// planVM asks for the plan after each single change on the VM, and has enable mend it.
func (l *lab) planVM() {
	for _, c := range []struct{ change, steps, lines string }{
		{"chmod 644 /etc/docker/key.pem", "certificates", ""},
		{"rm /etc/docker/ca.pem", "certificates, docker, docker, engine answers", "+certificate of CN=docker test authority"},
		{"rm /etc/systemd/system/docker.socket.d/50-docker-extension.conf", "listener, docker, engine answers", "+ListenStream=0.0.0.0:2376"},
		{"systemctl stop docker.service docker.socket", "docker, engine answers", ""},
		{"systemctl disable docker.service docker.socket", "at boot", "start at boot: docker.service, docker.socket"},
		{"gpasswd -d azureuser docker", "users", "add azureuser to group docker"},
		// A person's value stays (docs/decisions/0004), but the engine has to read it.
		{"sed -i s/rack=7/rack=8/ /etc/docker/daemon.json", "docker, docker, engine answers", ""},
	} {
		l.sh(c.change)
		l.offline(true)
		got := l.plan(agent.Settings{})
		l.offline(false)
		if got.StepNames() != c.steps || !strings.Contains(got.Lines(), c.lines) {
			l.Errorf("%s: steps %q\n%s\nwant %q\n%s", c.change, got.StepNames(), got.Lines(), c.steps, c.lines)
		}
		if err := l.agent.EnableAgain(l.ctx()); err != nil {
			l.Fatal(err)
		}
		l.wantAsPlanned(got, l.wait())
	}
}

// planMade makes changes, one after the other, and compares what was done with what was planned.
func (l *lab) planMade(settings agent.Settings) {
	for _, change := range bodies.Changes() {
		if change.Lines == "" || strings.Contains(change.Steps, "images") || strings.Contains(change.Steps, "source") || change.Protected != "" {
			continue // nothing to see, or nothing to be had here
		}
		settings = l.changed(settings, change)
		planned := l.plan(settings)
		l.wantAsPlanned(planned, l.succeed(settings))
	}
}

// wantAsPlanned wants that a run had the planned steps, and that nothing is left to do.
func (l *lab) wantAsPlanned(planned bodies.Plan, status agent.Status) {
	l.Helper()
	var names []string
	for _, sub := range status.Substatus {
		if sub.Name != "approval" && sub.Name != "note" {
			names = append(names, sub.Name)
		}
	}
	if got := strings.Join(names, ", "); status.State != agent.Success || got != planned.StepNames() {
		l.Errorf("planned was %s, and this was done: %s", planned.StepNames(), show(status))
	}
	if left := l.plan(agent.Settings{}); !left.NothingToDo {
		l.Errorf("left to do: %s\n%s", left.StepNames(), left.Lines())
	}
}

// changed gives settings with a change.
func (l *lab) changed(s agent.Settings, change bodies.Change) agent.Settings {
	l.Helper()
	public, err := bodies.Patch(s.Public, ports(change.Public))
	if err != nil {
		l.Fatal(err)
	}
	protected, err := bodies.Patch(s.Protected, change.Protected)
	if err != nil {
		l.Fatal(err)
	}
	return agent.Settings{Public: public, Protected: protected}
}

// plan gives the plan of settings; that of the newest ones on the VM if there are none. It is asked for when the
// work unit has kept its record, which comes after the status: one that is half written is an earlier run's.
func (l *lab) plan(s agent.Settings) (plan bodies.Plan) {
	l.Helper()
	l.workEnds()
	files := ""
	if s.Public != nil {
		for name, text := range map[string]string{"/tmp/public.json": string(s.Public), "/tmp/protected.json": string(s.Protected)} {
			if err := l.vm.WriteFile(name, 0o600, []byte(text)); err != nil {
				l.Fatal(err)
			}
		}
		files = " /tmp/public.json /tmp/protected.json"
	}
	out := l.sh(onVM + " plan -o json" + files)
	if err := json.Unmarshal([]byte(out), &plan); err != nil {
		l.Fatal(fmt.Errorf("plan: %w\n%s", err, out))
	}
	return plan
}

func (l *lab) offline(cut bool) {
	l.Helper()
	if err := l.vm.Offline(l.ctx(), cut); err != nil {
		l.Fatal(err)
	}
}
