package apt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"docker-extension/internal/fault"
)

const host = `Package: libc6
Status: install ok installed

Package: docker.io
Status: install ok installed
Depends: containerd (>= 1.2), runc:any, iptables | nftables, libc6 (>= 2.36)

Package: containerd
Status: install ok installed
Depends: runc
Provides: container-runtime (= 1), cri

Package: runc
Status: install ok installed
Pre-Depends: libc6

Package: iptables
Status: install ok installed
Depends: libc6

Package: gone
Status: deinstall ok config-files
Depends: docker.io

`

func TestRemovable(t *testing.T) {
	all := []string{"docker.io", "containerd", "runc", "iptables"}
	user := func(relation string) string {
		return host + "Package: user\nStatus: install ok installed\n" + relation + "\n\n"
	}
	tests := []struct {
		name, status string
		names, want  []string
	}{
		{"nothing else needs them", host, all, []string{"containerd", "docker.io", "iptables", "runc"}},
		{"not installed, unknown, and needed by all", host, []string{"gone", "none", "docker.io", "libc6"}, []string{"docker.io"}},
		{"needed by one that stays", host, []string{"runc"}, nil},
		{"only recommended", user("Recommends: docker.io"), all, []string{"containerd", "docker.io", "iptables", "runc"}},
		{"needed by a stranger, and what that needs", user("Depends: containerd"), all, []string{"docker.io", "iptables"}},
		{"needed through a virtual package", user("Depends: cri"), all, []string{"docker.io", "iptables"}},
		{"needed with a version and an architecture", user("Pre-Depends: runc:any (>= 1)"), all, []string{"containerd", "docker.io", "iptables"}},
		{"needed by the chain", user("Depends: docker.io"), all, nil},
		{"an alternative stays", user("Depends: iptables | libc6"), all, []string{"containerd", "docker.io", "iptables", "runc"}},
		{"no alternative is installed", user("Depends: iptables | nftables"), all, []string{"containerd", "docker.io", "runc"}},
		{"one of two alternatives would do", user("Depends: iptables | runc"), all, []string{"containerd", "docker.io"}},
		{"needed by something half installed", strings.Replace(user("Depends: iptables"), "Package: user\nStatus: install ok installed",
			"Package: user\nStatus: install ok unpacked", 1), all, []string{"containerd", "docker.io", "runc"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := newDebian(t, test.status, "").Removable(test.names)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "removable", got, test.want)
		})
	}
}

func TestRemove(t *testing.T) {
	plan := func(lines string) string {
		return "case \"$*\" in *--simulate*) printf '" + lines + "' ;; esac"
	}
	const rehearsal, deed = "apt-get --simulate remove -y -- containerd docker.io runc", "apt-get remove -y -- containerd docker.io runc"
	tests := []struct {
		name, behaviour string
		calls           []string
		fault           string
	}{
		{"as planned", plan(`NOTE: This is only a simulation!\nRemv docker.io [26.1]\nRemv containerd [1.7]\nRemv runc:amd64 [1.1]\n`), []string{rehearsal, deed}, ""},
		{"takes another along", plan(`Remv docker.io [26.1]\nRemv gitlab-runner [1]\n`), []string{rehearsal}, "gitlab-runner"},
		{"brings another", plan(`Remv docker.io [26.1]\nInst podman (5 Debian:13 [amd64])\n`), []string{rehearsal}, "podman"},
		{"would purge", plan(`Purg docker.io [26.1]\n`), []string{rehearsal}, "docker.io"},
		{"plan fails", "echo 'E: Unmet dependencies.'; exit 100", []string{rehearsal}, "E: Unmet dependencies."},
		{"lists are torn", `case "$*" in *SourceList*) ;; *) echo 'E: The package lists or status file could not be parsed or opened.'; exit 100;; esac`,
			[]string{rehearsal, rehearsal, deed}, ""},
		{"the record is torn", "echo 'E: The package lists or status file could not be parsed or opened.'; exit 100", []string{rehearsal, rehearsal}, "could not be parsed"},
		{"deed fails", plan(``) + `; case "$*" in *--simulate*) ;; *) echo "dpkg: error processing package runc"; exit 100;; esac`, []string{rehearsal, deed}, "runc"},
		{"plan is too long", `case "$*" in *--simulate*) yes "Remv docker.io [1]" | head -20000;; esac`, []string{rehearsal}, "too long"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDebian(t, host, test.behaviour)
			removed, err := d.Remove(t.Context(), []string{"docker.io", "runc", "containerd", "libc6"})
			check(t, "calls", d.calls(t), test.calls)
			if test.fault == "" {
				check(t, "removed", removed, []string{"containerd", "docker.io", "runc"})
			}
			if (err != nil) != (test.fault != "") {
				t.Fatalf("got %v", err)
			}
			if err != nil && (fault.CodeOf(err) != fault.PackageInstall || !strings.Contains(err.Error(), test.fault) || fault.Faults(err)[0].Hint == "") {
				t.Errorf("got %s", fault.Sentence(err, 0))
			}
		})
	}
}

// dpkg has to be told that a package whose unpacking was cut off may go.
func TestRemoveTorn(t *testing.T) {
	const force = "-o Dpkg::Options::=--force-remove-reinstreq remove -y -- runc"
	for status, want := range map[string]bool{"install ok installed": false, "install reinstreq unpacked": true, "install reinstreq half-installed": true} {
		d := newDebian(t, "Package: runc\nStatus: "+status+"\n\nPackage: other\nStatus: install reinstreq unpacked\n\n", "")
		if removed, err := d.Remove(t.Context(), []string{"runc"}); err != nil || len(removed) != 1 {
			t.Fatalf("%s: removed %q, %v", status, removed, err)
		}
		calls, err := os.ReadFile(filepath.Join(d.dir, "calls"))
		if err != nil || strings.HasSuffix(string(calls), force+"\n") != want {
			t.Errorf("%s: %s, error %v", status, calls, err)
		}
	}
}

func TestRemoveNothing(t *testing.T) {
	d := newDebian(t, host, "")
	if removed, err := d.Remove(t.Context(), []string{"none", "libc6"}); err != nil || len(removed) > 0 || d.calls(t) != nil {
		t.Errorf("got %q, %v after %q", removed, err, d.calls(t))
	}
}
