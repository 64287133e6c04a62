package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
)

// personsFile is a daemon.json that somebody wrote before the extension came.
const personsFile = "{ \"bip\": \"172.26.0.1/16\",\n  \"log-opts\": {\"max-size\": \"10m\"} }\n"

// What is said of the engine's configuration, on a VM where a person has a say in it, too.
func TestDaemonSettings(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		l.provisionAccount()
		l.sh("useradd ada")
		l.write("/etc/docker/daemon.json", personsFile)
		l.hostOption()
		l.hostAddresses()
		l.personsChange()
		l.usersChange()
		l.oldKeys()
		l.engineRefuses()
		l.purgeAsText()
		l.engineRefusesFirst()
	})
}

// daemonJSON gives the file as compact JSON with sorted keys, without what the extension sets by itself.
func (l *lab) daemonJSON() string {
	l.Helper()
	content, err := l.vm.ReadFile("/etc/docker/daemon.json")
	if err != nil {
		l.Fatal(err)
	}
	var keys map[string]any
	if err := json.Unmarshal(content, &keys); err != nil {
		l.Fatalf("%v: %s", err, content)
	}
	for _, key := range []string{"live-restore", "tlsverify", "tlscacert", "tlscert", "tlskey"} {
		delete(keys, key)
	}
	text, err := json.Marshal(keys)
	if err != nil {
		l.Fatal(err)
	}
	return string(text)
}

func (l *lab) wantDaemonJSON(want string) {
	l.Helper()
	if got := l.daemonJSON(); got != want {
		l.Errorf("daemon.json is %s, wanted %s", got, want)
	}
}

// hasNote tells whether a note of the status has these words.
func hasNote(s agent.Status, words string) bool {
	for _, sub := range s.Substatus {
		if sub.Name == "note" && strings.Contains(sub.Message, words) {
			return true
		}
	}
	return false
}

const options3 = `{"docker":{"options":["-H","tcp://0.0.0.0:2376","-H","fd://","--log-opt","max-file=3"]}}`

// The listener comes by a flag, as in 2015, and the log options of two people stand side by side.
func (l *lab) hostOption() {
	s := l.succeed(l.remote(options3))
	if !strings.Contains(s.Message, "on port 2376 to clients with a certificate") || !hasNote(s, "--host is left out") {
		l.Errorf("status %s", show(s))
	}
	l.wantVersion(l.keys, 2376)
	l.wantNobodyElse(l.keys, 2376)
	l.wantDaemonJSON(`{"bip":"172.26.0.1/16","log-opts":{"max-file":"3","max-size":"10m"}}`)
	l.wantStarts(1)
	before := l.untouched()
	if s := l.succeed(l.remote(options3)); !strings.Contains(s.Message, "nothing had to be changed") {
		l.Errorf("the same again: %s", show(s))
	}
	before.check(l)
}

// Addresses instead of a port. One belongs to an interface, which a boot has only after the socket.
func (l *lab) hostAddresses() {
	address := l.vm.Address()
	settings := fmt.Sprintf(`{"docker":{"options":["-H=tcp://%s:2377","-H tcp://127.0.0.1:2375","--log-opt max-file=3"]}}`, address)
	s := l.succeed(l.remote(settings))
	if !strings.Contains(s.Message, fmt.Sprintf("on %s:2377 and 127.0.0.1:2375 to clients", address)) {
		l.Errorf("status %s", show(s))
	}
	for _, round := range []string{"running", "booted"} {
		l.wantVersion(l.keys, 2377)
		l.wantClosed(2376)
		l.wantClosed(2375)
		if got := l.sh("curl -s --max-time 5 http://127.0.0.1:2375/_ping || true"); strings.Contains(got, "OK") {
			l.Error("on loopback the engine answers without TLS")
		}
		if round == "running" {
			if err := l.vm.Reboot(l.ctx()); err != nil {
				l.Fatal(err)
			}
			if err := l.agent.EnableAgain(l.ctx()); err != nil {
				l.Fatal(err)
			}
			l.wait()
		}
	}
	l.succeed(l.remote(options3))
}

// A person changes what the extension has set: told, respected, and no matter of a fight at every run.
func (l *lab) personsChange() {
	l.sh(`sed -i 's/"max-file": "3"/"max-file": "7"/' /etc/docker/daemon.json`)
	const note = "log-opts.max-file in /etc/docker/daemon.json was changed on the VM and stays"
	for round := range 3 {
		var before footprint
		if round > 0 {
			before = l.untouched()
		}
		if s := l.succeed(l.remote(options3)); !hasNote(s, note) {
			l.Errorf("status %s", show(s))
		}
		if round > 0 {
			before.check(l)
		}
		l.wantDaemonJSON(`{"bip":"172.26.0.1/16","log-opts":{"max-file":"7","max-size":"10m"}}`)
	}
	l.succeed(l.remote(strings.Replace(options3, "max-file=3", "max-file=4", 1)))
	l.wantDaemonJSON(`{"bip":"172.26.0.1/16","log-opts":{"max-file":"4","max-size":"10m"}}`)
	l.succeed(l.remote(`{"docker":{"port":2376}}`))
	l.wantDaemonJSON(`{"bip":"172.26.0.1/16","log-opts":{"max-size":"10m"}}`)
	l.wantVersion(l.keys, 2376)
}

// Users are set, changed, dropped and said to be none.
func (l *lab) usersChange() {
	pid := l.enginePID()
	for _, step := range [][2]string{
		{`{"docker":{"port":2376,"users":["ada"]}}`, "ada"},
		{`{"docker":{"port":2376,"users":["ada","azureuser"]}}`, "ada,azureuser"},
		{`{"docker":{"port":2376,"users":[]}}`, ""},
		{`{"docker":{"port":2376}}`, "azureuser"},
	} {
		l.succeed(l.remote(step[0]))
		if got := l.sh("getent group docker | cut -d: -f4 | tr , '\\n' | sort | paste -sd,"); got != step[1] {
			l.Errorf("with %s the group has %q", step[0], got)
		}
	}
	if l.enginePID() != pid {
		l.Error("the engine was restarted for the sake of users")
	}
}

// The keys of 2014, as numbers and as strings, say what today's keys say.
func (l *lab) oldKeys() {
	before := l.untouched()
	for _, body := range []string{`{"dockerport":2376,"installonly":false}`, `{"dockerport":"2376","installonly":"False","composeup":null}`} {
		s := l.succeed(l.remote(body))
		if !strings.Contains(s.Message, "nothing had to be changed") || !hasNote(s, "publicSettings.dockerport is a key of 2014; use publicSettings.docker.port instead") {
			l.Errorf("%s: %s", body, show(s))
		}
	}
	before.check(l)
	l.succeed(l.remote(`{"installonly":"true"}`))
	l.wantClosed(2376)
	if content, err := l.vm.ReadFile("/etc/docker/daemon.json"); err != nil || string(content) != personsFile {
		l.Errorf("with installonly the person's file is %q, %v", content, err)
	}
	l.succeed(l.remote(`{"docker":{"port":2376}}`))
}

// refused has a value whose form is right, and which only the engine can know to be wrong.
const refused = `{"docker":{"port":2376,"daemon":{"userns-remap":"nobody-here"}}}`

// An engine that can be asked refuses before anything is changed. An older one can only be tried, and runs
// again with what it had. The container does not notice.
func (l *lab) engineRefuses() {
	witness := l.runContainer("witness", "no")
	pid, before := l.enginePID(), l.daemonJSON()
	s := l.enable(l.remote(refused))
	l.Logf("%s: %s", l.vm.Suite(), show(s))
	code := 57
	if l.vm.Suite() == "bookworm" {
		code = 53 // 20.10 can only be tried
	}
	if s.State != agent.Error || s.Code != code || code == 57 && !strings.Contains(s.Message, "/etc/docker/daemon.json") {
		l.Errorf("status %s", show(s))
	}
	if now := l.enginePID(); code == 57 && now != pid {
		l.Error("the engine was restarted")
	}
	// What no engine can be asked about: --validate has nothing against this one.
	tried := l.enable(l.remote(`{"docker":{"port":2377,"options":["--storage-driver=nope"]}}`))
	l.Logf("%s: %s", l.vm.Suite(), show(tried))
	if tried.State != agent.Error || tried.Code != 53 || !strings.Contains(tried.Message, "it runs again") {
		l.Errorf("status %s", show(tried))
	}
	l.wantDaemonJSON(before)
	l.wantVersion(l.keys, 2376)
	l.wantClosed(2377)
	witness.wantUntouched(l)
	if left := l.sh("ls /run/docker-extension/.daemon.json* 2>/dev/null || true"); left != "" {
		l.Errorf("left behind: %s", left)
	}
	l.sh("docker rm -f witness")
	l.succeed(l.remote(`{"docker":{"port":2376},"uninstall":{"purgeData":"true"}}`))
	l.wantVersion(l.keys, 2376)
}

// purgeData came as a string; the person's file is what it was.
func (l *lab) purgeAsText() {
	if err := l.agent.Uninstall(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if left := l.sh("find /var/lib/docker /var/lib/containerd -mindepth 1 2>/dev/null | head"); left != "" {
		l.Errorf("left behind although the data was to go: %s", left)
	}
	if content, err := l.vm.ReadFile("/etc/docker/daemon.json"); err != nil || string(content) != personsFile {
		l.Errorf("the person's file is %q, %v", content, err)
	}
}

// The very first start of an engine is not with a file that it refuses, and nothing listens then.
func (l *lab) engineRefusesFirst() {
	if l.vm.Suite() == "bookworm" {
		return // 20.10 cannot be asked
	}
	starts := l.count("docker.service", "^Starting ")
	s := l.enable(l.remote(refused))
	if s.State != agent.Error || s.Code != 57 || !strings.Contains(s.Message, "nobody-here") {
		l.Errorf("status %s", show(s))
	}
	if content, err := l.vm.ReadFile("/etc/docker/daemon.json"); err != nil || string(content) != personsFile {
		l.Errorf("the person's file is %q, %v", content, err)
	}
	if now := l.count("docker.service", "^Starting "); now != starts {
		l.Errorf("the engine was started %d times", now-starts)
	}
	if left := l.sh("find /etc/systemd/system/docker.socket.d /run/systemd/system/docker.*.d -type f 2>/dev/null || true"); left != "" {
		l.Errorf("left behind: %s", left)
	}
	l.succeed(l.remote(`{"docker":{"port":2376}}`))
	l.wantVersion(l.keys, 2376)
	if now := l.count("docker.service", "^Starting "); now != starts+1 {
		l.Errorf("the engine was started %d times, once is enough", now-starts)
	}
}
