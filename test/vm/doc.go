// Package vm boots disposable Debian virtual machines with systemd as PID 1, in about two seconds,
// on any Linux host where the caller is root. No hypervisor is needed: a machine is a
// systemd-nspawn container that has everything the product under test looks at.
//
//	machine, err := vm.Boot(ctx, vm.Options{Suite: "trixie"})
//	defer machine.Close()
//	output, err := machine.Sh(ctx, "apt-get update && apt-get install -y docker.io")
//
// # The disk
//
// Prepare makes one root file system per suite with debootstrap and keeps it in a cache folder,
// keyed by a digest of its recipe. A machine sees it through an overlay, so that a boot copies
// nothing. /var/lib/docker and /var/lib/containerd are plain folders mounted over the overlay: the
// engine's overlay2 driver refuses an overlay below it. The package lists of apt are empty, as on a
// fresh image; the packages of the engine lie in apt's archive folder, so that tests do not load
// the mirror. The docker image "busybox" is made without network by
//
//	docker import /opt/busybox.tar busybox
//
// With Options.Image all that the machine writes lies in an ext4 file system in a sparse file, mounted
// through a loop device. What reaches the file is what would be on a disk: PowerCut ends the file system
// where it stands, with ext4's own ioctl for that, and boots what the file holds. fsync(2) goes through
// the overlay to the image.
//
// # The network
//
// Every machine has its own network namespace with one veth pair and a /24 of 10.77.0.0/16. What
// leaves it is masqueraded. The addresses of the Azure fabric (168.63.129.16) and of the metadata
// service (169.254.169.254) lie on the machine's own loopback before anything starts, so that no
// request to them can ever leave it. A route to the fabric over eth0 stands in the main table as
// well: the agent looks for it in /proc/net/route and sends DHCP requests without it.
//
// # The flags
//
// SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes leaves /proc/sys and /sys writable: dockerd switches
// forwarding on. SYSTEMD_NSPAWN_TMPFS_TMP=0 leaves /tmp to the distribution: on disk in Debian 12,
// a tmpfs in Debian 13. --register=no and --keep-unit spare a machine manager and a service manager
// on the host. --capability=all and the system call filter allow what a container engine needs
// (keyrings, BPF). On a host with cgroup v1 the two last words of the command line,
// SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 and systemd.unified_cgroup_hierarchy=0, make systemd 256 and
// later start at all; they look like a kernel command line to it. nspawn mounts the controllers of
// cgroup v1 read-only; a unit in the root makes them writable again before any service starts.
//
// Each machine starts in a cgroup of its own, in every hierarchy. Without it two machines would
// share one /payload cgroup and their service managers would fight over it.
//
// # The end
//
// A machine writes a record to /run/docker-extension-test before it takes anything from the host:
// folder, subnet, namespace, cgroup, process id with start time. Close undoes what the record
// names, with a context of its own; Clean does the same for the records of processes that died.
// Only the host's net.ipv4.ip_forward stays on.
//
// A reboot that a program asks for inside the machine ends it, as if it had been halted; PowerOn
// starts it again. The network namespace outlives a reboot (a fabric may be running in it); links
// and packet filter rules that the last boot left in it are removed first.
package vm
