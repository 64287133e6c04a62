package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
)

// Containers from the settings, in the bodies that templates have sent for ten years, with images from a
// real registry.
func TestCompose(t *testing.T) {
	onEachSuite(t, func(l *lab) {
		for _, name := range []string{"database", "another database", "registry"} {
			l.secrets[name] = "Geheim." + rand.Text()
		}
		l.registries(l.secrets["registry"])
		l.deploy("cluster-node", "agent-node", "nothing")
		l.simple()
		l.blog()
		l.blogChanges()
		l.composeReboots()
		l.composeDisabled()
		l.manager()
		l.composeDropped()
		l.deploy("blog", "cluster-manager", "agent-node-open")
		l.failingService()
		l.logins()
		l.composeUninstalled()
	})
}

// body makes settings of two JSON texts.
func body(public, protected string) agent.Settings {
	s := agent.Settings{Public: json.RawMessage(public)}
	if protected != "" {
		s.Protected = json.RawMessage(protected)
	}
	return s
}

// No settings: an engine, no containers, and no compose.
func (l *lab) simple() {
	if running := l.sh("docker ps -aq"); running != "" {
		l.Errorf("containers: %s", running)
	}
	l.sh("! command -v docker-compose && ! docker compose version >/dev/null 2>&1")
	l.place("/root/password", l.secrets["registry"])
	l.images()
}

// blogSettings is a blog with its database, in the form of 2015. more goes into the blog.
func (l *lab) blogSettings(more, password string) agent.Settings {
	public := `{"compose": {"db": {"image": "mysql", "ports": ["3306:3306"], "volumes": ["/var/lib/mysql:/var/lib/mysql", "notes:/notes"],
		"environment": ["MYSQL_ROOT_PASSWORD"]},
		"wordpress": {"image": "wordpress", "ports": ["80:80"], "links": ["db:mysql"]` + more + `}}}`
	protected, err := json.Marshal(map[string]any{"environment": map[string]string{"MYSQL_ROOT_PASSWORD": password, "NOBODY": l.secrets["another database"]}})
	if err != nil {
		l.Fatal(err)
	}
	return body(public, string(protected))
}

// The secret is in the container that lists it, and nowhere else.
func (l *lab) blog() {
	s := l.succeed(l.blogSettings("", l.secrets["database"]))
	l.Log(show(s))
	l.wantServices("compose", "db wordpress")
	if !strings.Contains(show(s), "protectedSettings.environment.NOBODY: not visible inside any container") {
		l.Error("nobody says that a variable reaches no container")
	}
	if modes := l.sh("stat -c %a /etc/docker/compose /etc/docker/compose/docker-compose.yml"); modes != "700\n600" {
		l.Errorf("modes of folder and file: %q", modes)
	}
	db, wordpress := l.service("compose", "db"), l.service("compose", "wordpress")
	if env := l.inspect(db.name, "{{.Config.Env}}"); !strings.Contains(env, "MYSQL_ROOT_PASSWORD="+l.secrets["database"]) {
		l.Error("the database does not see its password")
	}
	if env := l.inspect(wordpress.name, "{{.Config.Env}}"); strings.Contains(env, "MYSQL_ROOT_PASSWORD") {
		l.Error("the blog sees the password of the database")
	}
	l.scanFor(db)
	l.composeAgain()
	db.wantUntouched(l)
}

// scanFor looks for secrets where none may be: the processes of this container may have one, and so may
// what the engine starts it from.
func (l *lab) scanFor(c container, allowed ...string) {
	l.Helper()
	allowed = append(allowed, "/run/containerd/*/moby/"+l.inspect(c.name, "{{.Id}}")+"/config.json")
	for _, pid := range strings.Fields(l.sh("docker top " + c.name + " -o pid | tail -n +2")) {
		allowed = append(allowed, "/proc/"+pid+"/environ")
	}
	l.scan(allowed...)
}

func (l *lab) wantServices(project, services string) {
	l.Helper()
	if got := l.services(project); got != services {
		l.Errorf("of project %s run %q, wanted %q", project, got, services)
	}
}

// composeAgain enables again: nothing is done, and no child started.
func (l *lab) composeAgain() {
	l.Helper()
	before := l.untouched()
	if err := l.agent.EnableAgain(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if s := l.wait(); !strings.Contains(s.Message, "nothing had to be changed") {
		l.Errorf("again: %s", show(s))
	}
	before.check(l)
	handler, _ := l.agent.Current()
	seq, _ := l.agent.Seq()
	l.wantNoChild(handler, seq)
}

// A change concerns the service that it is about. A service that is dropped goes, and its volume stays.
func (l *lab) blogChanges() {
	db, wordpress := l.service("compose", "db"), l.service("compose", "wordpress")
	l.sh("docker exec " + db.name + " sh -c 'echo kept >/notes/file'")
	s := l.succeed(l.blogSettings(`, "labels": {"edition": "2"}`, l.secrets["database"]))
	l.Log(show(s))
	db.wantUntouched(l)
	if now := l.service("compose", "wordpress"); now == wordpress {
		l.Error("the blog was not made anew")
	}
	l.succeed(l.blogSettings(`, "labels": {"edition": "2"}`, l.secrets["another database"]))
	changed := l.service("compose", "db")
	if env := l.inspect(changed.name, "{{.Config.Env}}"); !strings.Contains(env, "MYSQL_ROOT_PASSWORD="+l.secrets["another database"]) {
		l.Error("the database does not see its new password")
	}
	l.succeed(body(`{"compose": {"wordpress": {"image": "wordpress", "ports": ["80:80"], "labels": {"edition": "2"}, "links": []}}}`, ""))
	l.wantServices("compose", "wordpress")
	if volume := l.sh("docker run --rm -v notes:/notes --entrypoint cat mysql /notes/file"); volume != "kept" {
		l.Errorf("the volume of the dropped service has %q", volume)
	}
	if all := l.sh("docker ps -aq --filter label=com.docker.compose.service=db"); all != "" {
		l.Error("the container of the dropped service is still there")
	}
}

// After a reboot a service without a restart policy is back when the agent has called enable, and then
// nothing is left to do.
func (l *lab) composeReboots() {
	l.succeed(l.blogSettings(`, "restart": "always"`, l.secrets["database"]))
	if err := l.vm.Reboot(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if err := l.agent.Restart(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if s := l.wait(); s.State != agent.Success {
		l.Fatalf("after the reboot: %s", show(s))
	}
	l.wantServices("compose", "db wordpress")
	l.composeAgain()
	l.startRegistries()
}

func (l *lab) composeDisabled() {
	if err := l.agent.Disable(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if left := l.sh("ps -e -o comm= | grep -c '^containerd-shim' || true"); left != "0" {
		l.Errorf("%s containers run on a disabled engine", left)
	}
	if err := l.agent.EnableAgain(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if s := l.wait(); s.State != agent.Success {
		l.Fatalf("after disable and enable: %s", show(s))
	}
	l.wantServices("compose", "db wordpress")
}

// Another project takes the place of the blog.
func (l *lab) manager() {
	l.succeed(body(`{"compose-environment": {"COMPOSE_PROJECT_NAME": "cluster"}, "compose": {
		"consul": {"image": "progrium/consul", "command": "-server -node master0", "ports": ["8500:8500", "8300:8300", "8301:8301", "8301:8301/udp"],
			"volumes": ["/data/consul:/data"], "restart": "always"},
		"swarm": {"image": "swarm", "command": "manage --replication --advertise 10.0.0.4:2375 --discovery-opt kv.path=docker/nodes consul://10.0.0.4:8500",
			"ports": ["2375:2375"], "links": ["consul"], "volumes": ["/etc/docker:/etc/docker"], "restart": "always"}}}`, ""))
	l.wantServices("cluster", "consul swarm")
	l.wantServices("compose", "")
	if all := l.sh("docker ps -aq --filter label=com.docker.compose.project=compose; docker network ls -q --filter label=com.docker.compose.project=compose"); all != "" {
		l.Errorf("of the project before there is still: %s", all)
	}
	l.composeAgain()
}

// namesake is a container of a person's own project, which has the name of ours, as every one in a folder of that
// name has. It is nothing of ours to a run without changes; a change is refused, and leaves all containers alone.
func (l *lab) namesake() container {
	wiki := l.runContainer("wiki", "always", "--label com.docker.compose.project=cluster --label com.docker.compose.service=wiki "+
		"--label com.docker.compose.project.working_dir=/home/ada/cluster")
	consul := l.service("cluster", "consul")
	l.composeAgain()
	s := l.enable(body(`{"compose-environment": {"COMPOSE_PROJECT_NAME": "cluster"}, "compose": {"consul": {"image": "progrium/consul"}}}`, ""))
	if s.State != agent.Error || s.Code != 61 || !strings.Contains(s.Message, "container wiki was made from the compose file in /home/ada/cluster") {
		l.Errorf("a project of the same name: %s", show(s))
	}
	l.wantServices("cluster", "consul swarm wiki")
	consul.wantUntouched(l)
	wiki.wantUntouched(l)
	return wiki
}

// No compose any more: containers, file and program go, volumes and images stay. So does what a person has
// told apt to keep; the status names each package that goes.
func (l *lab) composeDropped() {
	const list, kept = "dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' | sed -n 's/^.i *//p'", "python3-dockerpty"
	old := l.vm.Suite() == "bookworm" // where compose brings packages along
	if old {
		l.sh("apt-mark showauto | grep -x " + kept + " && apt-mark manual " + kept)
	}
	wiki := l.namesake()
	before := lines(l.sh(list))
	s := l.succeed(body(`{}`, ""))
	l.Log(show(s))
	wiki.wantUntouched(l)
	l.sh("docker rm -f wiki")
	after := lines(l.sh(list))
	gone := differences(before, after)
	for _, change := range gone {
		if name, went := strings.CutPrefix(change, "- "); !went || !strings.Contains(show(s), name) {
			l.Errorf("%s is not in the status: %s", change, show(s))
		}
	}
	if _, stays := after[kept]; stays != old || len(gone) == 0 || old && len(gone) < 5 {
		l.Errorf("%s is there: %v; changed: %q", kept, stays, gone)
	}
	if all := l.sh("docker ps -aq; ls -d /etc/docker/compose 2>/dev/null; dpkg-query -W -f '${db:Status-Abbrev}' docker-compose 2>/dev/null | grep ^i || true"); all != "" {
		l.Errorf("there is still: %s", all)
	}
	if volume := l.sh("docker run --rm -v notes:/notes --entrypoint cat mysql /notes/file"); volume != "kept" {
		l.Errorf("the volume has %q", volume)
	}
}

// A service that does not stay up is named, with its last lines; the others run. Its image may be wrong
// as well.
func (l *lab) failingService() {
	const late = `n=$(cat /tries); echo $((n+1)) >/tries; test "$n" -ge 3 || exit 1; exec sleep 1000000`
	file := func(command string) string {
		return fmt.Sprintf(`{"compose": {"services": {"web": {"image": "wordpress"}, "job": {"image": "tool", "command": ["true"]},
			"late": {"image": "tool", "restart": "always", "stop_signal": "KILL", "command": ["sh", "-c", %q]},
			"moon": {"image": "tool", "stop_signal": "KILL", "command": ["sh", "-c", %q]}}}}`, strings.ReplaceAll(late, "$", "$$"), command)
	}
	s := l.enable(body(file("echo cannot find the moon; exit 3"), ""))
	l.Log(show(s))
	if s.State != agent.Error || s.Code != 61 || !strings.Contains(s.Message, "service moon ended with exit code 3; its last lines: cannot find the moon") {
		l.Errorf("a service that fails: %s", show(s))
	}
	engine := l.enginePID()
	l.succeed(body(file("exec sleep 1000000"), ""))
	l.wantServices("compose", "late moon web")
	if now := l.enginePID(); now != engine {
		l.Error("the engine was restarted for a service that had failed")
	}
	l.composeAgain()

	s = l.enable(body(`{"compose": {"services": {"web": {"image": "wordpress"}, "no": {"image": "nobody/has-this:1"}}}}`, ""))
	l.Log(show(s))
	if s.State != agent.Error || s.Code != 60 || !strings.Contains(s.Message, "cannot pull nobody/has-this:1: ") {
		l.Errorf("an image that is not there: %s", show(s))
	}
	s = l.enable(body(`{"compose": {"services": {"web": {"image": "wordpress", "imgae": "typo"}}}}`, ""))
	l.Log(show(s))
	if s.State != agent.Error || s.Code != 61 || !strings.Contains(s.Message, "imgae") {
		l.Errorf("a key that compose does not know: %s", show(s))
	}
	l.wantServices("compose", "late moon web")
}

// A private image is pulled with the account in the settings, which is proved first, kept for root alone,
// and gone when it is dropped. A person's own entry stays.
func (l *lab) logins() {
	const own = `{"auths": {"other.example.com": {"auth": "cGVyc29uOm93bg=="}}, "psFormat": "table"}`
	l.place("/root/.docker/config.json", own)
	private := `{"compose": {"services": {"app": {"image": "` + privateRegistry + `/team/app", "command": ["sleep", "1000000"], "stop_signal": "KILL"}}}}`
	login := func(password string) string {
		return fmt.Sprintf(`{"login": [{"server": %q, "username": %q, "password": %q, "email": "x@example.com"}]}`, privateRegistry, registryUser, password)
	}
	s := l.enable(body(private, login("wrong-password")))
	l.Log(show(s))
	if s.State != agent.Error || s.Code != 62 || !strings.Contains(s.Message, "cannot log in to "+privateRegistry) || !strings.Contains(s.Message, "correct username and password") {
		l.Errorf("a wrong password: %s", show(s))
	}
	if now := l.sh("cat /root/.docker/config.json"); now != own {
		l.Errorf("a wrong password was written down: %s", now)
	}
	s = l.enable(body(private, ""))
	l.Log(show(s))
	if s.State != agent.Error || s.Code != 60 || !strings.Contains(s.Message, "login in the protected settings") {
		l.Errorf("no login: %s", show(s))
	}
	l.Log(show(l.succeed(body(private, login(l.secrets["registry"])))))
	l.wantServices("compose", "app")
	if mode := l.sh("stat -c '%a %U' /root/.docker/config.json"); mode != "600 root" {
		l.Errorf("the credentials are %s", mode)
	}
	if now := l.sh("cat /root/.docker/config.json"); !strings.Contains(now, "cGVyc29uOm93bg==") || !strings.Contains(now, privateRegistry) {
		l.Error("an entry is missing")
	}
	l.sh("docker pull -q " + privateRegistry + "/team/app")
	l.composeAgain()
	l.scanFor(l.service("compose", "app"), "/root/.docker/config.json")

	l.succeed(body(private, ""))
	if now := l.sh("cat /root/.docker/config.json"); strings.Contains(now, privateRegistry) || !strings.Contains(now, "cGVyc29uOm93bg==") {
		l.Errorf("after the login was dropped: %s", now)
	}
}

// Uninstall takes the file and our account away; containers and volumes are data, and stay.
func (l *lab) composeUninstalled() {
	l.succeed(body(`{"compose": {"services": {"web": {"image": "wordpress", "restart": "always"}}}}`,
		fmt.Sprintf(`{"login": {"server": %q, "username": %q, "password": %q}}`, privateRegistry, registryUser, l.secrets["registry"])))
	l.sh("apt-mark showauto | grep -x tini && apt-mark manual tini") // by a person, who needs it
	if err := l.agent.Uninstall(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if stays := l.sh("dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' tini docker.io containerd docker-compose 2>/dev/null | grep ^.i || true"); stays != "ii tini" {
		l.Errorf("of the packages there are still: %s", stays)
	}
	if left := l.sh("ls -d /etc/docker/compose /var/lib/docker-extension 2>/dev/null || true"); left != "" {
		l.Errorf("left behind: %s", left)
	}
	if now := l.sh("cat /root/.docker/config.json"); strings.Contains(now, privateRegistry) || !strings.Contains(now, "psFormat") {
		l.Errorf("the credentials after uninstall: %s", now)
	}
	l.sh("test -d /var/lib/docker/volumes/notes")
	l.scan()
	l.succeed(body(`{"compose": {"services": {"web": {"image": "wordpress", "restart": "always"}}}}`, ""))
	l.wantServices("compose", "web")
	l.await("one container", func(context.Context) bool { return l.sh("docker ps -aq | wc -l") == "1" })
}
