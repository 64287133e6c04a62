package apt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/command"
	"docker-extension/internal/host/files"
	"docker-extension/internal/patience"
	"docker-extension/internal/state"
)

// debian is a host in a folder, with stand-ins for apt-get, apt-mark and dpkg that write down how
// they were called and then run what the test says.
type debian struct {
	Apt
	dir string
}

func newDebian(t *testing.T, status, behaviour string) debian {
	t.Helper()
	dir := t.TempDir()
	d := debian{dir: dir}
	d.write(t, StatusFile, status)
	for _, name := range []string{"apt-get", "apt-mark", "dpkg"} {
		d.write(t, "/bin/"+name, "#!/bin/sh\nROOT="+dir+"\nSTATUS=$ROOT"+StatusFile+"\n"+
			`echo "$(basename $0) $*" >>$ROOT/calls`+"\n"+
			`env | grep -E '^(DEBIAN_FRONTEND|NEEDRESTART_SUSPEND|APT_LISTCHANGES_FRONTEND)=' | sort | tr '\n' ' ' >$ROOT/env`+"\n"+
			behaviour+"\n")
		if err := os.Chmod(filepath.Join(dir, "bin", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	d.Apt = Apt{
		Root: files.New(dir), Runner: command.Runner{Path: dir + "/bin:" + command.DefaultPath},
		Pause: time.Millisecond,
	}
	return d
}

func (d debian) write(t *testing.T, path, text string) {
	t.Helper()
	full := filepath.Join(d.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// calls gives how the stand-ins were called, without the options that every call of apt-get has.
func (d debian) calls(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, "calls"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var calls []string
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		var rest []string
		for i := 0; i < len(words); i++ {
			switch {
			case words[0] == "apt-get" && words[i] == "-o":
				i++
			case words[i] != "-q":
				rest = append(rest, words[i])
			}
		}
		calls = append(calls, strings.Join(rest, " "))
	}
	return calls
}

func installed(names ...string) string {
	var text strings.Builder
	for _, name := range names {
		fmt.Fprintf(&text, "Package: %s\nStatus: install ok installed\nArchitecture: amd64\n\n", name)
	}
	return text.String()
}

// brings makes the stand-in install packages.
func brings(names ...string) string {
	return "case \"$*\" in *' install '*) cat >>$STATUS <<'END'\n" + installed(names...) + "END\n;; esac"
}

func check(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// has wants just these packages to be there.
func (d debian) has(t *testing.T, want ...string) {
	t.Helper()
	got, err := d.Present()
	if err != nil {
		t.Fatal(err)
	}
	check(t, "packages", got, want)
}

func TestInstall(t *testing.T) {
	d := newDebian(t, installed("libc6", "iptables"), brings("runc", "docker.io", "containerd"))
	if err := d.Install(t.Context(), state.Installation{Packages: []string{"docker.io", "iptables"}}); err != nil {
		t.Fatal(err)
	}
	d.has(t, "containerd", "docker.io", "iptables", "libc6", "runc")
	check(t, "calls", d.calls(t), []string{
		"apt-get update", "apt-get install -y --no-install-recommends -- docker.io iptables",
	})
	raw, _ := os.ReadFile(filepath.Join(d.dir, "calls"))
	for _, option := range []string{
		"-q ", "-o DPkg::Lock::Timeout=0", "-o Acquire::Retries=3", "-o APT::Update::Error-Mode=any", "-o Dpkg::Use-Pty=0",
		"-o Dpkg::Options::=--force-confdef", "-o Dpkg::Options::=--force-confold",
	} {
		if strings.Count(string(raw), option) != 2 {
			t.Errorf("not twice %q in\n%s", option, raw)
		}
	}
	env, _ := os.ReadFile(filepath.Join(d.dir, "env"))
	if string(env) != "APT_LISTCHANGES_FRONTEND=none DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 " {
		t.Errorf("environment: %q", env)
	}
}

func TestInstallFinishesWhatWasInterrupted(t *testing.T) {
	half := "Package: docker.io\nStatus: install ok half-configured\n\n"
	tests := []struct {
		name, status, update string
		want                 bool
	}{
		{"nothing", installed("libc6"), "", false},
		{"dpkg's journal", installed("libc6"), "0004", true},
		{"dpkg's scratch file", installed("libc6"), "tmp.i", false},
		{"a wanted package", installed("libc6") + half, "", true},
		{"a strange package", installed("libc6") + strings.Replace(half, "docker.io", "nginx", 1), "", false},
		{"removed, with configuration left", "Package: docker.io\nStatus: deinstall ok config-files\n\n", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDebian(t, test.status, "")
			if test.update != "" {
				d.write(t, "/var/lib/dpkg/updates/"+test.update, "")
			}
			if err := d.Install(t.Context(), state.Installation{Packages: []string{"docker.io"}}); err != nil {
				t.Fatal(err)
			}
			if got := strings.HasPrefix(d.calls(t)[0], "dpkg --force-confdef --force-confold --configure -a"); got != test.want {
				t.Errorf("calls: %q", d.calls(t))
			}
		})
	}
}

// A package whose unpacking was cut off is not dpkg's to configure: apt unpacks it anew. Where dpkg fails at
// a package that is whole, so do we.
func TestInstallUnpacksAnewWhatWasTorn(t *testing.T) {
	fails := `[ $(basename $0) != dpkg ] || { echo "dpkg: error processing package runc (--configure):"; exit 1; }` + "\n" + brings("docker.io")
	const dpkg = "dpkg --force-confdef --force-confold --configure -a"
	anew := []string{dpkg, "apt-get update", "apt-get install -y --no-install-recommends --reinstall -- docker.io runc"}
	tests := []struct {
		status string
		code   fault.Code
		calls  []string
	}{
		{"install reinstreq unpacked", fault.OK, anew},
		{"install reinstreq half-installed", fault.OK, anew},
		{"install ok unpacked", fault.PackageInstall, []string{dpkg}},
	}
	for _, test := range tests {
		d := newDebian(t, installed("libc6")+"Package: runc\nStatus: "+test.status+"\n\n", fails)
		d.write(t, "/var/lib/dpkg/updates/0004", "")
		err := d.Install(t.Context(), state.Installation{Packages: []string{"docker.io"}})
		if fault.CodeOf(err) != test.code || !slices.Equal(d.calls(t), test.calls) {
			t.Errorf("%s: error %v, calls %q", test.status, err, d.calls(t))
		}
	}
}

// The locks of lists and archives, which apt-get does not wait for by itself.
func TestInstallWaitsForLocks(t *testing.T) {
	held := `n=$(cat $ROOT/n 2>/dev/null || echo 0); echo $((n+1)) >$ROOT/n
[ $n -ge 3 ] || { echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 123 (apt-get)"; exit 100; }`
	d := newDebian(t, installed("libc6"), held+"\n"+brings("docker.io"))
	if err := d.Install(t.Context(), state.Installation{Packages: []string{"docker.io"}}); err != nil {
		t.Fatal(err)
	}
	d.has(t, "docker.io", "libc6")
	check(t, "calls", d.calls(t), []string{
		"apt-get update", "apt-get update", "apt-get update", "apt-get update",
		"apt-get install -y --no-install-recommends -- docker.io",
	})
}

func TestInstallGivesUpOnLocks(t *testing.T) {
	held := `echo "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 123 (apt-get)"; exit 100`
	for _, how := range []string{"budget", "cancel"} {
		d := newDebian(t, installed("libc6"), held)
		ctx, cancel := context.WithCancel(t.Context())
		if how == "budget" {
			ctx = impatient(t)
		} else {
			d.Pause = time.Minute
			ctx = patience.With(ctx, patience.New(time.Hour, nil, func(string) { cancel() })) // when it begins to wait
		}
		err := d.Install(ctx, state.Installation{Packages: []string{"docker.io"}})
		if text := fault.Sentence(err, 0); fault.CodeOf(err) != fault.PackageInstall || !strings.Contains(text, "process 123") || !strings.Contains(text, "wait until") {
			t.Errorf("%s: got %s", how, text)
		}
		cancel()
	}
}

func TestLockHeld(t *testing.T) {
	tests := []struct {
		line string
		want bool
	}{
		{"E: Could not get lock /var/lib/apt/lists/lock. It is held by process 1 (apt)", true},
		{"E: Could not get lock /var/cache/apt/archives/lock - open (11: Resource temporarily unavailable)", true},
		{"E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?", true},
		{"E: Unable to lock the administration directory (/var/lib/dpkg/), is another process using it?", true},
		{"dpkg: error: dpkg frontend lock was locked by another process with pid 9", true},
		{"dpkg: error: dpkg frontend is locked by another process", true},
		{"dpkg: error: dpkg status database is locked by another process", true},
		{"Waiting for cache lock: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 1 (apt)...", false},
		{"E: Could not open lock file /var/lib/apt/lists/lock - open (13: Permission denied)", false},
		{"E: Unable to lock directory /var/lib/apt/lists/", false},
		{"E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?", false},
		{"", false},
	}
	for _, test := range tests {
		if got := lockHeld("Reading package lists...\n" + test.line + "\n"); got != test.want {
			t.Errorf("%q: got %v", test.line, got)
		}
	}
}

// A list that cannot be fetched does not matter if the package can be had; if not, both are told.
func TestInstallWithoutFreshLists(t *testing.T) {
	failing := "case \"$*\" in *update) printf 'Err:1 http://mirror trixie InRelease\\n  Temporary failure resolving \\047mirror\\047\\n'\n" +
		"echo 'E: Some index files failed to download.'; exit 100;; esac\n"
	d := newDebian(t, installed("libc6"), failing+brings("docker.io"))
	if err := d.Install(t.Context(), state.Installation{Packages: []string{"docker.io"}}); err != nil {
		t.Error(err)
	}
	d.has(t, "docker.io", "libc6")
	d = newDebian(t, installed("libc6"), failing+"echo 'E: Unable to locate package docker.io'; exit 100")
	err := d.Install(impatient(t), state.Installation{Packages: []string{"docker.io"}})
	const want = "cannot install docker.io: E: Unable to locate package docker.io; before that: " +
		"Err:1 http://mirror trixie InRelease  Temporary failure resolving 'mirror' " +
		"(let the VM resolve names: check its DNS servers and the network's DNS settings)"
	if got := fault.Sentence(err, 0); got != want || fault.CodeOf(err) != fault.PackageInstall {
		t.Errorf(" got %s\nwant %s", got, want)
	}
}

// What came in before the failure is on the disk, and is told as there.
func TestInstallThatFailsHalfWay(t *testing.T) {
	d := newDebian(t, installed("libc6"), brings("runc")+"\ncase \"$*\" in *' install '*) echo 'dpkg: error processing package docker.io'; exit 100;; esac")
	err := d.Install(t.Context(), state.Installation{Packages: []string{"docker.io"}})
	d.has(t, "libc6", "runc")
	var exit *command.ExitError
	if !errors.As(err, &exit) || exit.Code != 100 {
		t.Errorf("got %v", err)
	}
}

func TestHints(t *testing.T) {
	tests := map[string]string{
		"E: You don't have enough free space in /var/cache/apt/archives/.":                                                                   "make room",
		"dpkg: error processing archive x: cannot copy: No space left on device":                                                             "make room",
		"Err:1 http://m bookworm InRelease\n  Temporary failure resolving 'm'\nE: Unable to locate package":                                  "resolve names",
		"Err:1 http://m x InRelease\n  Could not connect to m:80 (192.0.2.1), connection timed out":                                          "reach the package servers",
		"Err:1 http://m x InRelease\n  Cannot initiate the connection to m:80. - connect (101: Network is unreachable)":                      "reach the package servers",
		"E: Release file for http://m/InRelease is not valid yet (invalid for another 3h). Updates for this repository will not be applied.": "clock",
		"E: Failed to fetch http://m/p.deb  Hash Sum mismatch":                                                                               "try again",
		"E: Unable to locate package docker.io":                                                                                              "check the apt sources: the component",
		"E: Package 'docker.io' has no installation candidate":                                                                               "check the apt sources: the component",
		"E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct":                                                    "dpkg --configure -a",
		"E: The repository 'http://m x Release' does not have a Release file.":                                                               "archive",
		"W: GPG error: http://m x InRelease: NO_PUBKEY 0123456789ABCDEF":                                                                     "key",
		"E: Unable to correct problems, you have held broken packages.":                                                                      "held packages",
		"E: Sub-process /usr/bin/dpkg returned an error code (1)":                                                                            "package's own message",
		"something else": "whole output",
	}
	for output, want := range tests {
		err := blame("install x", &command.ExitError{Name: "apt-get", Code: 100, Tail: output})
		if got := fault.Faults(err)[0].Hint; !strings.Contains(got, want) {
			t.Errorf("%q: got %q", output, got)
		}
	}
}

func TestMeaningful(t *testing.T) {
	long := strings.Repeat("Get:1 http://mirror trixie InRelease\n", 20)
	tests := []struct {
		name, output string
		want         []string
	}{
		{"errors first", "dpkg: error: b\nErr:2 http://m InRelease\n  gone\nE: a\nE: a\n", []string{"E: a", "Err:2 http://m InRelease  gone", "dpkg: error: b"}},
		{"one for each reason", "Err:1 http://m a\n  gone\nErr:2 http://m b\n  gone\nE: Failed to fetch http://m/c  gone\nE: Failed to fetch http://m/d  lost\n",
			[]string{"E: Failed to fetch http://m/c  gone", "E: Failed to fetch http://m/d  lost"}},
		{"dpkg gave up", "E: Sub-process /usr/bin/dpkg returned an error code (2)\ndpkg: unrecoverable fatal error, aborting:\n unable to write x: No space left on device\n",
			[]string{"E: Sub-process /usr/bin/dpkg returned an error code (2)", "dpkg: unrecoverable fatal error, aborting:  unable to write x: No space left on device"}},
		{"no reason", "Err:2 http://m InRelease\nE: a\n", []string{"E: a", "Err:2 http://m InRelease"}},
		{"not more than enough", "E: 1\nE: 2\nE: 3\nE: 4\nE: 5\n", []string{"E: 1", "E: 2", "E: 3", "E: 4"}},
		{"no echoes", "E: Unable to locate package x.y\nE: Couldn't find any package by glob 'x.y'\nE: Couldn't find any package by regex 'x.y'\n" +
			"E: Some index files failed to download. They have been ignored, or old ones used instead.\n", []string{"E: Unable to locate package x.y"}},
		{"no errors", long + "a\n\nb\nc\nd\n", []string{"a", "b", "c", "d"}},
		{"nothing", "\n", nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { check(t, "lines", meaningful(test.output, 4), test.want) })
	}
}

func TestRunThatWasStoppedSaysSo(t *testing.T) {
	err := blame("install x", &command.ExitError{Name: "apt-get", Code: -1, Tail: "E: old", Cause: context.DeadlineExceeded})
	if got := fault.Sentence(err, 0); !strings.Contains(got, "did not end in time") || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %s", got)
	}
}

func TestHold(t *testing.T) {
	d := newDebian(t, "", "")
	if err := errors.Join(d.Hold(t.Context(), []string{"docker.io", "runc"}), d.Unhold(t.Context(), []string{"runc"}), d.Hold(t.Context(), nil)); err != nil {
		t.Fatal(err)
	}
	check(t, "calls", d.calls(t), []string{"apt-mark hold -- docker.io runc", "apt-mark unhold -- runc"})
	d = newDebian(t, "", "echo 'E: Unable to locate package runc'; exit 100")
	if err := d.Hold(t.Context(), []string{"runc"}); fault.CodeOf(err) != fault.PackageInstall {
		t.Errorf("got %v", err)
	}
}
