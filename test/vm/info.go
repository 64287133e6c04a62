package vm

// Name gives the machine's host name.
func (v *VM) Name() string { return v.rec.Name }

// Suite gives the Debian release.
func (v *VM) Suite() string { return v.rec.Suite }

// Address gives the IPv4 address at which the host reaches the machine.
func (v *VM) Address() string { return v.rec.address() }

// Gateway gives the host's own IPv4 address on the machine's network, at which the machine reaches
// the host, offline or not.
func (v *VM) Gateway() string { return v.rec.gateway() }

// Namespace gives the name of the network namespace, for "ip netns exec". It outlives reboots.
func (v *VM) Namespace() string { return v.rec.namespace() }

// Console gives the path of the log of all that the machine wrote to its console.
func (v *VM) Console() string { return v.rec.console() }

// Boots tells how often the machine has been booted.
func (v *VM) Boots() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.rec.Boots
}

// Running tells whether the machine is on.
func (v *VM) Running() bool {
	_, err := v.leader()
	return err == nil
}
