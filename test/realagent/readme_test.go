package realagent

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"docker-extension/test/harness/agent"
)

// TestReadme is a new user with the README in hand and an empty folder: each command under "Five minutes"
// is run as it stands there, with the program that is built here, and then those for the VM, in the VM, with
// those of docs/troubleshooting.md that look at a VM. Only az is played: the fabric takes the settings that its
// command line names. The VM's name is known to these commands alone, by a hosts file in a mount namespace of
// their own.
func TestReadme(t *testing.T) {
	t.Parallel()
	u := &user{lab: newLab(t, "trixie"), folder: t.TempDir()}
	u.prepare()
	commands := u.commands("README.md", "Five minutes")
	if len(commands) > 6 {
		t.Errorf("the README needs %d commands", len(commands))
	}
	var last string
	for _, command := range commands {
		u.step(command, func() { last = u.do(command) })
	}
	if !strings.Contains(last, "Server:") || !strings.Contains(last, "26.1") {
		t.Errorf("docker says\n%s", last)
	}
	for _, command := range append(u.commands("README.md", "When something is wrong"), u.lookingCommands()...) {
		command = strings.Replace(command, " -f", "", 1) // it would follow the log for ever
		u.step(command, func() { last = u.sh("cd $(mktemp -d); " + command) })
		if strings.Contains(command, " plan ") && !strings.Contains(strings.ToLower(last), "nothing to do") {
			t.Errorf("plan says after a success\n%s", last)
		}
	}
	u.step("secrets", u.wantNoSecret)
}

// user is a person at a workstation.
type user struct {
	*lab
	folder string // where they stand, empty at first; also their home
	hosts  string // what their workstation knows of names
	tools  string // the folder with the program
}

// prepare builds the program and tells the workstation the VM's name.
func (u *user) prepare() {
	u.Helper()
	u.tools = u.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(u.tools, "docker-extension"), "docker-extension/cmd/docker-extension")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		u.Fatalf("go build: %v\n%s", err, output)
	}
	u.hosts = filepath.Join(u.tools, "hosts")
	names := "127.0.0.1 localhost\n" + u.vm.Address() + " myvm.westeurope.cloudapp.azure.com\n"
	if err := os.WriteFile(u.hosts, []byte(names), 0o644); err != nil {
		u.Fatal(err)
	}
}

// commands gives the commands of a page's section, or of all its sections.
func (u *user) commands(page, section string) []string {
	u.Helper()
	content, err := os.ReadFile("../../" + page)
	if err != nil {
		u.Fatal(err)
	}
	_, text, _ := strings.Cut(string(content), "## "+section)
	if section != "" {
		text, _, _ = strings.Cut(text, "\n## ")
	}
	var all []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1) {
		all = append(all, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	if len(all) == 0 {
		u.Fatalf("%s has no commands under %q", page, section)
	}
	return all
}

// lookingCommands gives the commands of docs/troubleshooting.md that look at the VM.
func (u *user) lookingCommands() []string {
	u.Helper()
	return slices.DeleteFunc(u.commands("docs/troubleshooting.md", ""), func(command string) bool {
		return !regexp.MustCompile(`^(sudo |journalctl |openssl |ss )`).MatchString(command)
	})
}

// do does what a command says and gives what it printed.
func (u *user) do(command string) string {
	u.Helper()
	if args, ok := strings.CutPrefix(command, "az "); ok {
		words := strings.Split(strings.TrimSuffix(u.shell("printf '%s\\n' "+args), "\n"), "\n")
		u.azure(words)
		return ""
	}
	return u.shell(command)
}

// shell runs a command on the workstation.
func (u *user) shell(command string) string {
	u.Helper()
	if strings.HasPrefix(command, "docker ") {
		if _, err := u.dockerClient(u.tools); err != nil {
			u.Fatal(err)
		}
	}
	cmd := exec.CommandContext(u.ctx(), "unshare", "--mount", "sh", "-euc", "mount --bind "+u.hosts+" /etc/hosts; "+command)
	cmd.Dir = u.folder
	cmd.Env = []string{"PATH=" + u.tools + ":" + os.Getenv("PATH"), "HOME=" + u.folder}
	output, err := cmd.CombinedOutput()
	if err != nil {
		u.Fatalf("%s: %v\n%s", command, err, output)
	}
	return string(output)
}

// dockerClient gives the docker client of this host, or a copy of the VM's own in folder where there is none:
// it is outside of the VM either way.
func (l *lab) dockerClient(folder string) (string, error) {
	if client, err := exec.LookPath("docker"); err == nil {
		return client, nil
	}
	client := filepath.Join(folder, "docker")
	content, err := l.vm.ReadFile("/usr/bin/docker")
	if err != nil {
		return "", err
	}
	l.Log("this host has no docker client: a copy of the VM's")
	return client, os.WriteFile(client, content, 0o700)
}

// azure does what az would have Azure do.
func (u *user) azure(args []string) {
	u.Helper()
	switch command := strings.Join(args[:3], " "); {
	case command == "vm extension set":
		u.deploy(u.read(after(args, "--settings")), u.read(after(args, "--protected-settings")))
	case strings.HasPrefix(command, "vm open-port"):
		if after(args, "--port") != "2376" {
			u.Errorf("the README opens port %s", after(args, "--port"))
		}
	default:
		u.Errorf("what does az %s do?", command)
	}
}

func after(args []string, flag string) string {
	if i := slices.Index(args, flag); i >= 0 && i+1 < len(args) {
		return args[i+1]
	}
	return ""
}

func (u *user) read(name string) []byte {
	u.Helper()
	content, err := os.ReadFile(filepath.Join(u.folder, name))
	if err != nil {
		u.Fatal(err)
	}
	return content
}

// deploy puts the extension into the goal state and waits until the agent reports its success.
func (u *user) deploy(public, protected []byte) {
	u.Helper()
	var secrets struct{ Certs struct{ Key string } }
	if err := json.Unmarshal(protected, &secrets); err != nil {
		u.Fatal(err)
	}
	u.secrets["server key"] = secrets.Certs.Key
	file, err := agent.Settings{Public: public, Protected: protected}.Seal(u.ctx(), u.fabric.Tenant())
	if err != nil {
		u.Fatal(err)
	}
	u.goal.Settings = &file
	u.goal.Seq++
	u.set()
	if err := u.agent.Start(u.ctx()); err != nil {
		u.Fatal(err)
	}
	u.succeed()
}
