// Package waagent steers the real Azure Linux Agent of a disposable VM: the distribution's package
// waagent, unmodified. Only its configuration file and a drop-in of its unit are written.
package waagent

import (
	"context"
	"fmt"
	"strings"

	"docker-extension/test/vm"
)

// Unit is the agent's service on Debian.
const Unit = "walinuxagent.service"

// LogFile is the agent's own log (azurelinuxagent/agent.py; the path is fixed).
const LogFile = "/var/log/waagent.log"

// dropIn lets the unit start outside Azure: the packaged one asks for Microsoft's hypervisor.
const dropIn = `[Unit]
ConditionVirtualization=
ConditionPathExists=
`

// settings are appended to waagent.conf, of which the last word counts. A VM of a test has been
// provisioned already, has no resource disk and no DHCP server, and polls faster than every 6 s.
const settings = `
# Added by the tests.
Provisioning.Agent=disabled
Provisioning.MonitorHostName=n
ResourceDisk.Format=n
Logs.Collect=n
AutoUpdate.Enabled=n
AutoUpdate.UpdateToLatestVersion=n
OS.EnableFirewall=n
Extensions.GoalStatePeriod=2
Extensions.InitialGoalStatePeriod=2
Debug.EtpCollectionPeriod=10
`

// Agent is the agent of one VM.
type Agent struct{ vm *vm.VM }

// Configure prepares the agent of a VM and gives it; it does not run yet.
func Configure(ctx context.Context, machine *vm.VM) (*Agent, error) {
	a := &Agent{vm: machine}
	if err := machine.WriteFile("/etc/systemd/system/"+Unit+".d/10-test.conf", 0o644, []byte(dropIn)); err != nil {
		return nil, err
	}
	conf, err := machine.ReadFile("/etc/waagent.conf")
	if err != nil {
		return nil, fmt.Errorf("cannot read the agent's configuration: %w", err)
	}
	if err := machine.WriteFile("/etc/waagent.conf", 0o644, append(conf, settings...)); err != nil {
		return nil, err
	}
	return a, a.sh(ctx, "systemctl daemon-reload && systemctl enable --quiet "+Unit)
}

// Start starts the agent. It starts by itself after a reboot.
func (a *Agent) Start(ctx context.Context) error { return a.sh(ctx, "systemctl start "+Unit) }

// Stop stops the agent, and with it what it left in its own cgroup.
func (a *Agent) Stop(ctx context.Context) error { return a.sh(ctx, "systemctl stop "+Unit) }

// Kill ends every process of the agent's unit with SIGKILL: the agent, and a command of an extension
// that is running.
func (a *Agent) Kill(ctx context.Context) error {
	return a.sh(ctx, "systemctl kill --signal=KILL "+Unit+"; systemctl stop "+Unit+"; systemctl reset-failed "+Unit+" 2>/dev/null || true")
}

// Version gives the version of the Debian package.
func (a *Agent) Version(ctx context.Context) (string, error) {
	output, err := a.vm.Sh(ctx, "dpkg-query -W -f '${Version}' waagent")
	return strings.TrimSpace(output), err
}

func (a *Agent) sh(ctx context.Context, script string) error {
	_, err := a.vm.Sh(ctx, script)
	return err
}
