// Package azure is a fake Azure fabric for one VM: what an unmodified Azure Linux Agent talks to. It
// answers as the WireServer (168.63.129.16, port 80), as the HostGAPlugin (the same address, port
// 32526) and as the instance metadata service (169.254.169.254), hands out a goal state and packages,
// and keeps what the agent uploads, which is what the portal would show.
//
// What the agent asks and what it accepts is in WALinuxAgent's sources, versions 2.7.3 and 2.12:
// azurelinuxagent/common/protocol/wire.py, goal_state.py, hostplugin.py, imds.py and the two
// extensions_goal_state_from_*.py. The documents have the form of its tests/data.
//
// The two addresses belong to Azure. Serve opens its sockets inside the VM's network namespace, where
// both are on the loopback; nothing is ever sent to them from anywhere else.
package azure
