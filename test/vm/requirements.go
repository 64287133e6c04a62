package vm

import (
	"os"
	"os/exec"
)

// Requirements names what the host lacks, one sentence each; empty when a machine can be booted.
func Requirements() []string {
	var missing []string
	if os.Geteuid() != 0 {
		missing = append(missing, "root is needed")
	}
	for _, tool := range []struct{ name, debianPackage string }{
		{"systemd-nspawn", "systemd-container"},
		{"debootstrap", "debootstrap"},
		{"ip", "iproute2"},
		{"iptables", "iptables"},
		{"openssl", "openssl"},
		{"nsenter", "util-linux"},
		{"mkfs.ext4", "e2fsprogs"},
	} {
		if _, err := exec.LookPath(tool.name); err != nil {
			missing = append(missing, tool.name+" is missing (package "+tool.debianPackage+")")
		}
	}
	return missing
}
