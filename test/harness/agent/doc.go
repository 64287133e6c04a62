// Package agent plays the Azure Linux Agent (waagent) against any machine: it unzips an extension
// as the agent does, writes the same files with the same modes, encrypts settings as Azure does,
// calls the handler's commands in the same order with the same environment and the same timeouts,
// and reads the status by the same rules. What it restates is in WALinuxAgent's sources,
// version 2.15.0.1, mostly azurelinuxagent/ga/exthandlers.py and extensionprocessutil.py.
//
// All its memory is on the machine, in the files that the agent itself keeps there, so that two
// processes can play one after the other.
package agent
