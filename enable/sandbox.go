package enable

import (
	"maps"
	"math"
	"syscall"
)

// sandbox gives the fences around the work unit, as properties of the D-Bus interface. In the unit run
// apt-get, dpkg and whatever the maintainer scripts of packages start, and dpkg may have to finish what
// somebody else began: a kernel, a boot loader, a service. So each fence keeps out what no package
// does, and none is there to make a number look better; docs/decisions/0010-doors.md has those that
// were left out, and why. All are known to systemd 245, the oldest that is supported: an older one
// would refuse the unit for a property that it does not know.
func sandbox() map[string]any {
	all := map[string]any{
		// Names in /tmp that a user of the VM has put there lead nowhere, and files that a maintainer script
		// leaves there go with the unit.
		"PrivateTmp": true,
		// The name of the VM is that of the platform.
		"ProtectHostname": true,
		// Nobody here reads or clears the kernel's log.
		"ProtectKernelLogs": true,
		// Containers are the engine's, which is another unit: no namespace is made here.
		"RestrictNamespaces": uint64(0),
		// Nothing here may take the processor from everything else.
		"RestrictRealtime": true,
		// No program of another era, which would have less protection in memory.
		"LockPersonality": true,
		// HTTP to mirrors, sockets of systemd and the engine, and the routing table that resolvers look at.
		"RestrictAddressFamilies": choice{true, []string{"AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK"}},
		"CapabilityBoundingSet":   uint64(math.MaxUint64) &^ unneeded(),
		// The decrypted settings are in memory; a crash does not put them on a disk.
		"LimitCORE": uint64(0),
		// Files that a maintainer script makes have the modes that its author meant.
		"UMask": uint32(0o022),
	}
	maps.Copy(all, forbiddenCalls())
	return all
}

// choice is a list of what is allowed, or of what is not.
type choice struct {
	Allow bool
	Names []string
}

// forbiddenCalls are system calls that neither we nor packages have a use for. Who makes one gets an
// error and is not killed.
func forbiddenCalls() map[string]any {
	return map[string]any{
		"SystemCallFilter": choice{false, []string{
			"@clock", "@cpu-emulation", "@module", "@obsolete", "@raw-io", "@reboot", "@swap",
		}},
		"SystemCallErrorNumber": int32(syscall.EPERM),
	}
}

// unneeded gives the capabilities (capabilities(7)) to change the clock, load modules, reboot, reach
// devices past their drivers, read the kernel's log, rule or read the audit, and see or shape the
// network's packets. One that the kernel does not have does no harm.
func unneeded() (set uint64) {
	const ( // include/uapi/linux/capability.h
		netBroadcast   = 11
		netAdmin       = 12
		netRaw         = 13
		sysModule      = 16
		sysRawIO       = 17
		sysPacct       = 20
		sysBoot        = 22
		sysTime        = 25
		sysTTYConfig   = 26
		auditControl   = 30
		macOverride    = 32
		syslog         = 34
		wakeAlarm      = 35
		blockSuspend   = 36
		auditRead      = 37
		perfmon        = 38
		bpf            = 39
		checkpointRest = 40
	)
	for _, capability := range []int{
		netBroadcast, netAdmin, netRaw, sysModule, sysRawIO, sysPacct, sysBoot, sysTime, sysTTYConfig,
		auditControl, macOverride, syslog, wakeAlarm, blockSuspend, auditRead, perfmon, bpf, checkpointRest,
	} {
		set |= 1 << capability
	}
	return set
}
