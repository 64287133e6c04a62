package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMachine walks one machine of each suite, side by side, through all that others rely on.
func TestMachine(t *testing.T) {
	for _, suite := range Suites() {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			machine := ForTest(t, suite)
			t.Run("runs commands", func(t *testing.T) { testRun(t, machine) })
			t.Run("kills at the timeout", func(t *testing.T) { testTimeout(t, machine) })
			t.Run("reads and writes files", func(t *testing.T) { testFiles(t, machine) })
			t.Run("describes trees", func(t *testing.T) { testTree(t, machine) })
			t.Run("is like a fresh image", func(t *testing.T) { testFresh(t, machine) })
			t.Run("goes offline", func(t *testing.T) { testOffline(t, machine) })
			t.Run("reboots", func(t *testing.T) { testReboot(t, machine) })
			t.Run("stops hard", func(t *testing.T) { testHardStop(t, machine) })
		})
	}
}

func testRun(t *testing.T, machine *VM) {
	for _, c := range []struct {
		command Command
		want    Result
	}{
		{Command{Args: []string{"true"}}, Result{}},
		{Command{Args: []string{"sh", "-c", "echo out; echo err >&2; exit 7"}}, Result{"out\n", "err\n", 7}},
		{Command{Args: []string{"sh", "-c", "kill -9 $$"}}, Result{ExitCode: 137}},
		{Command{Args: []string{"cat"}, Stdin: strings.NewReader("in")}, Result{Stdout: "in"}},
		{Command{Args: []string{"pwd"}, Dir: "/var/lib"}, Result{Stdout: "/var/lib\n"}},
		{Command{Args: []string{"env"}, Env: []string{"A=b c"}}, Result{Stdout: "A=b c\n"}},
		{Command{Args: []string{"hostname"}}, Result{Stdout: machine.Name() + "\n"}},
	} {
		got, err := machine.Run(t.Context(), c.command)
		if err != nil || got != c.want {
			t.Errorf("%q: got %+v, %v; want %+v", c.command.Args, got, err, c.want)
		}
	}
	if got, err := machine.Run(t.Context(), Command{Args: []string{"no-such-program"}}); err != nil || got.ExitCode != 127 {
		t.Errorf("a missing program: got %+v, %v", got, err)
	}
	output, err := machine.Sh(t.Context(), "echo one; echo two >&2; exit 3")
	if output != "one\ntwo\n" || err == nil || !strings.Contains(err.Error(), "exited with 3") {
		t.Errorf("got %q, %v", output, err)
	}
}

func testTimeout(t *testing.T, machine *VM) {
	const script = "echo begun; sleep 98765 & sleep 98765"
	got, err := machine.Run(t.Context(), Command{Args: []string{"sh", "-c", script}, Timeout: 10 * time.Second})
	if !errors.Is(err, context.DeadlineExceeded) || got.Stdout != "begun\n" {
		t.Errorf("got %+v, %v", got, err)
	}
	if left, err := machine.Run(t.Context(), Command{Args: []string{"pgrep", "-f", "98765"}}); err != nil || left.ExitCode != 1 {
		t.Errorf("processes are left: %+v, %v", left, err)
	}
}

func testFiles(t *testing.T, machine *VM) {
	if _, err := machine.Sh(t.Context(), "mkdir /srv/real && ln -s /srv/real /srv/link && ln -s /srv/real/last /srv/last"); err != nil {
		t.Fatal(err)
	}
	for path, real := range map[string]string{
		"/etc/new/folder/file": "/etc/new/folder/file",
		"/run/volatile":        "/run/volatile",
		"/srv/link/through":    "/srv/real/through", // an absolute link leads inside the machine
		"/srv/last":            "/srv/real/last",
	} {
		if err := machine.WriteFile(path, 0o640, []byte("content")); err != nil {
			t.Fatal(err)
		}
		output, err := machine.Sh(t.Context(), "stat --format '%a %U' "+real+" && cat "+real)
		if err != nil || output != "640 root\ncontent" {
			t.Errorf("%s: got %q, %v", path, output, err)
		}
		if content, err := machine.ReadFile(path); err != nil || string(content) != "content" {
			t.Errorf("%s: got %q, %v", path, content, err)
		}
	}
	if content, err := os.ReadFile(machine.Path("/etc/new/folder/file")); err != nil || string(content) != "content" {
		t.Errorf("on the host: got %q, %v", content, err)
	}
	if _, err := machine.ReadFile("/no/such"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func testTree(t *testing.T, machine *VM) {
	const make = "mkdir -m 0750 /srv/tree && cd /srv/tree && echo a >file && chmod 0600 file && ln -s file link && chown daemon link"
	if _, err := machine.Sh(t.Context(), "umask 022; "+strings.Replace(make, "chown", "chown -h", 1)); err != nil {
		t.Fatal(err)
	}
	tree, err := machine.Tree(t.Context(), "/srv/tree", "/absent", "/etc/hostname")
	if err != nil {
		t.Fatal(err)
	}
	const sum = "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7" // of "a\n"
	for path, want := range map[string]string{
		"/srv/tree": "drwxr-x--- 0:0", "/srv/tree/file": "-rw------- 0:0 " + sum, "/srv/tree/link": "Lrwxrwxrwx 1:0 file",
	} {
		if tree[path] != want {
			t.Errorf("%s: got %q, want %q", path, tree[path], want)
		}
	}
	if len(tree) != 4 {
		t.Errorf("got %d entries: %v", len(tree), tree)
	}
	whole, err := machine.Tree(t.Context(), "/")
	if err != nil || whole["/etc/passwd"] == "" || whole["/proc/version"] != "" {
		t.Errorf("of the root: %d entries, %v", len(whole), err)
	}
}

func testFresh(t *testing.T, machine *VM) {
	for _, check := range []string{
		"test -z \"$(ls /var/lib/apt/lists | grep -v partial)\"",
		"ls /var/cache/apt/archives/docker.io_*.deb && test -s /opt/busybox.tar",
		"test -e /lib/systemd/system/walinuxagent.service && ! systemctl is-enabled walinuxagent && ! systemctl is-active walinuxagent",
		"! systemctl is-active apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer",
		"test \"$(systemctl is-system-running)\" = running",
		"ip route show | grep " + FabricAddress + " && ip -4 addr show dev lo | grep " + MetadataAddress,
		"! command -v docker dockerd",
		"test \"$(cat /proc/sys/net/ipv4/ip_forward)\" = 0",
		"! grep '^cgroup .* ro' /proc/mounts",
	} {
		if _, err := machine.Sh(t.Context(), check); err != nil {
			t.Error(err)
		}
	}
}

func testOffline(t *testing.T, machine *VM) {
	const update = "apt-get -o APT::Update::Error-Mode=any update"
	if _, err := machine.Sh(t.Context(), "mkdir -p /srv/www && /bin/busybox httpd -p 8080 -h /srv/www"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // asking twice is no error
		if err := machine.Offline(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
	if output, err := machine.Sh(t.Context(), update); err == nil {
		t.Errorf("apt reached its mirror: %s", output)
	}
	connection, err := net.DialTimeout("tcp", net.JoinHostPort(machine.Address(), "8080"), time.Minute)
	if err != nil {
		t.Error("the host cannot reach the machine:", err)
	} else {
		connection.Close()
	}
	for range 2 {
		if err := machine.Offline(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := machine.Sh(t.Context(), update); err != nil {
		t.Error(err)
	}
}

func testReboot(t *testing.T, machine *VM) {
	if _, err := machine.Sh(t.Context(), "echo kept >/var/tmp/kept; touch /run/lost; ip link add br9 type bridge; iptables -A INPUT -p tcp --dport 9 -j DROP"); err != nil {
		t.Fatal(err)
	}
	before, err := machine.Sh(t.Context(), "cat /etc/machine-id")
	if err != nil {
		t.Fatal(err)
	}
	if err := machine.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := machine.Sh(t.Context(), "cat /etc/machine-id && cat /var/tmp/kept >&2 && ! ls /run/lost /sys/class/net/br9 2>/dev/null && ! iptables -S | grep -e --dport")
	if err != nil || after != before+"kept\n" || machine.Boots() != 2 {
		t.Errorf("after %d boots: got %q, %v; want the machine-id %q", machine.Boots(), after, err, before)
	}
}

func testHardStop(t *testing.T, machine *VM) {
	if err := machine.HardStop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := machine.Run(t.Context(), Command{Args: []string{"true"}}); !errors.Is(err, ErrOff) {
		t.Errorf("a machine that is off says %v", err)
	}
	if err := machine.WriteFile("/etc/while-off", 0o644, []byte("x")); err != nil {
		t.Error(err)
	}
	if err := machine.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := machine.Sh(t.Context(), "cat /etc/while-off"); err != nil {
		t.Error(err)
	}
}

// TestCloseLeavesNothing boots two machines at once and looks for everything that one could leave.
func TestCloseLeavesNothing(t *testing.T) {
	first, second := ForTest(t, "trixie"), ForTest(t, "trixie")
	if first.Address() == second.Address() || first.Name() == second.Name() {
		t.Errorf("both are %s at %s", first.Name(), first.Address())
	}
	if opened, err := Open(first.Name()); err != nil || opened.Address() != first.Address() {
		t.Errorf("cannot open %s again: %v", first.Name(), err)
	}
	record, nspawn := *first.rec, first.rec.Nspawn
	leader, err := first.leader()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
	expectNothing(t, &record)
	if nspawn.alive() || exists(fmt.Sprintf("/proc/%d/exe", leader)) && isFirst(leader) {
		t.Error("processes are left")
	}
	if _, err := second.Sh(t.Context(), "true"); err != nil {
		t.Error("the other machine has suffered:", err)
	}
}

// expectNothing looks on the host for what a record names.
func expectNothing(t *testing.T, r *record) {
	t.Helper()
	places := append([]string{r.Folder, r.path(), "/run/netns/" + r.namespace(), "/sys/class/net/" + r.veth(),
		"/run/systemd/nspawn/propagate/" + r.Name, "/run/systemd/nspawn/unix-export/" + r.Name}, r.Cgroups...)
	for _, place := range places {
		if exists(place) {
			t.Errorf("%s is left", place)
		}
	}
	if mounts, err := mountsBelow(r.Folder); err != nil || len(mounts) > 0 {
		t.Errorf("mounts are left: %v, %v", mounts, err)
	}
	for _, table := range []string{"filter", "nat"} {
		rules, err := hostCommand(context.Background(), "iptables", "-w", "-t", table, "-S")
		if err != nil || strings.Contains(rules, "docker-extension-test:"+r.Name+" ") {
			t.Errorf("rules are left (%v):\n%s", err, rules)
		}
	}
}

// TestCleanAfterKill kills a process that owns a machine, and expects Clean's decision and deed.
// The process is this test's own binary.
func TestCleanAfterKill(t *testing.T) {
	const variable, name = "VM_TEST_BOOTS", "killed-owner"
	if os.Getenv(variable) != "" {
		if _, err := Boot(t.Context(), Options{Suite: "bookworm", Name: name}); err != nil {
			t.Fatal(err)
		}
		fmt.Println("booted")
		<-t.Context().Done() // until the kill
	}
	living := ForTest(t, "bookworm")
	child := exec.Command(os.Args[0], "-test.run=^TestCleanAfterKill$")
	child.Env = append(os.Environ(), variable+"=1")
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := output.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	r, err := loadRecord(name)
	if err != nil {
		t.Fatal(err)
	}
	if r.abandoned() || living.rec.abandoned() {
		t.Error("a machine of a living process may not be cleaned")
	}
	_ = child.Process.Signal(syscall.SIGKILL)
	_ = child.Wait()
	if !r.abandoned() || !r.Nspawn.alive() {
		t.Errorf("after the kill: abandoned %v, running %v", r.abandoned(), r.Nspawn.alive())
	}
	if err := r.remove(); err != nil {
		t.Error(err)
	}
	expectNothing(t, r)
	testTwin(t, living)
}

// testTwin takes the slot of a machine that lives, as a process does that does not see its record.
func testTwin(t *testing.T, living *VM) {
	twin := &record{Name: "twin", Slot: living.rec.Slot}
	if err := twin.networkUp(t.Context()); err == nil {
		t.Error("two machines have one subnet")
	}
	if err := twin.networkDown(t.Context()); err != nil {
		t.Error(err)
	}
	if !exists("/sys/class/net/"+living.rec.veth()) || exists("/run/netns/"+twin.namespace()) {
		t.Error("the cable that is pulled is another machine's")
	}
}

// TestFailedBootLeavesNothing boots a root that has no init.
func TestFailedBootLeavesNothing(t *testing.T) {
	if missing := Requirements(); len(missing) > 0 || testing.Short() {
		t.Skip("boots a machine:", missing)
	}
	t.Setenv("DOCKER_EXTENSION_CACHE", t.TempDir())
	r, err := newRecipe(t.Context(), "trixie")
	if err != nil {
		t.Skip("needs the host's apt configuration:", err)
	}
	if err := os.MkdirAll(filepath.Join(CacheFolder(), "roots", r.name(), "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Boot(t.Context(), Options{Suite: "trixie", Name: "no-init"}); err == nil {
		t.Fatal("a root without init was booted")
	} else {
		t.Log(err)
	}
	expectNothing(t, &record{Name: "no-init", Folder: filepath.Join(CacheFolder(), "machines", "no-init"), Slot: 254})
}
