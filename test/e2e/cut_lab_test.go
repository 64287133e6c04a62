package e2e

import (
	"context"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/machine"
	"docker-extension/test/harness/pki"
	"docker-extension/test/trace"
	"docker-extension/test/vm"
)

// cutLab is a lab whose machine can lose its power, and in which a run of the extension can be followed.
type cutLab struct {
	*lab
	gate    *gate
	changed *pki.Set    // the certificates of changedSettings, another authority's
	bare    *appearance // the VM before the extension came
	saved   map[string]bool
}

// gate is the machine as the agent sees it. What the agent has written is on the disk before a verb
// begins, so that a power cut takes what the extension has not synced and nothing else. The verb in stop
// stops itself before its first instruction.
type gate struct {
	machine.VM
	stop atomic.Value // string
}

const (
	traceArmed = "/run/trace.armed"
	traceStop  = "echo $$ >/run/trace.new; mv /run/trace.new /run/trace.pid; kill -STOP $$; "
)

// Run runs a program of the agent.
func (g *gate) Run(ctx context.Context, stdin []byte, argv ...string) (agent.Output, error) {
	if err := g.Sync(); err != nil {
		return agent.Output{}, err
	}
	last := len(argv) - 1
	if stop, _ := g.stop.Load().(string); stop != "" && strings.HasSuffix(argv[last], " "+stop) {
		argv[last] = traceStop + "exec " + argv[last]
	}
	return g.VM.Run(ctx, stdin, argv...)
}

// workUnitStops lets the work unit stop before its first instruction, once, if the file is there.
const workUnitStops = `[Service]
ExecStart=
ExecStart=/bin/sh -c 'if rm /run/trace.armed 2>/dev/null; then echo $$$$ >/run/trace.new; mv /run/trace.new /run/trace.pid; kill -STOP $$$$; fi; exec /var/lib/docker-extension/bin/docker-extension converge'
`

func newCutLab(t *testing.T, suite string) *cutLab {
	t.Helper()
	l := &cutLab{gate: &gate{}, bare: &appearance{}, saved: map[string]bool{}}
	l.lab = furnish(t, vm.Options{Suite: suite, Image: true}, func(v *vm.VM) agent.Machine {
		l.gate.VM = machine.VM{VM: v}
		return l.gate
	})
	var err error
	if l.changed, err = pki.NewSet(parseIP(l.vm.Address()), "vm.example.com"); err != nil {
		t.Fatal(err)
	}
	l.secrets["first server key"], l.secrets["changed server key"] = l.keys.Triple().Key, l.changed.Triple().Key
	l.write("/etc/systemd/system/docker-extension-converge.service.d/50-stop.conf", workUnitStops)
	l.provisionAccount()
	*l.bare = l.look()
	l.save(fresh)
	return l
}

// The states of the VM in which runs begin.
const (
	fresh   = "fresh"   // a VM as it comes
	engine  = "engine"  // an engine, and a container with a volume
	project = "project" // the same, with services from the settings
)

// save keeps the VM as it is, and boots it again.
func (l *cutLab) save(name string) {
	l.Helper()
	if err := l.vm.Halt(l.ctx()); err != nil {
		l.Fatal(err)
	}
	if err := l.vm.Save(l.ctx(), name); err != nil {
		l.Fatal(err)
	}
	l.saved[name] = true
	l.restore(name)
}

func (l *cutLab) restore(name string) {
	l.Helper()
	if err := l.vm.Restore(l.ctx(), name); err != nil {
		l.Fatal(err)
	}
}

// begin brings the VM to the state in which a run begins, and gives the container that runs there.
func (l *cutLab) begin(state string) *container {
	l.Helper()
	if state == engine && !l.saved[engine] {
		l.restore(fresh)
		l.succeed(l.coldSettings())
		l.runContainer("witness", "always", "--volume data:/data")
		l.sh("docker exec witness sh -c 'echo precious >/data/file'")
		l.save(engine)
	}
	if state == project && !l.saved[project] {
		l.begin(engine)
		l.sh("docker import /opt/busybox.tar tool >/dev/null")
		l.succeed(l.projectSettings())
		l.wantServices("compose", "db old web")
		l.save(project)
	}
	l.restore(state)
	if state == fresh {
		return nil
	}
	return l.witness()
}

// in gives the same lab for a subtest.
func (l *cutLab) in(t *testing.T) *cutLab {
	return &cutLab{lab: l.with(t), gate: l.gate, changed: l.changed, bare: l.bare, saved: l.saved}
}

// followed does something that starts a run of the extension, a verb or the work unit, and follows that
// run to its end. at is called before each of its effects, with the number of the run's process.
func (l *cutLab) followed(ctx context.Context, verb string, act func() error, at func(pid int, e trace.Effect)) (acted error) {
	l.Helper()
	l.sh("rm -f /run/trace.*")
	if verb == workUnit {
		l.sh("touch " + traceArmed)
	} else {
		l.gate.stop.Store(verb)
		defer l.gate.stop.Store("")
	}
	ended := make(chan error, 1)
	go func() { ended <- act() }()
	pid := l.stopped()
	if err := trace.Follow(ctx, pid, func(e trace.Effect) { at(pid, e) }); err != nil {
		l.Fatal(err)
	}
	return <-ended
}

// workUnit stands for the verb of the work unit.
const workUnit = "converge"

// stopped waits for the process that stops, and gives its number on the host.
func (l *cutLab) stopped() (pid int) {
	l.Helper()
	l.await("the process that stops", func(context.Context) bool {
		text, err := l.vm.ReadFile("/run/trace.pid")
		if err != nil {
			return false
		}
		inside, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			return false
		}
		pid, err = l.vm.HostPID(inside)
		return err == nil && isStopped(pid)
	})
	return pid
}

func isStopped(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.HasPrefix(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " T ")
}

// settled waits until nobody works on the settings any more, a work unit that systemd starts again after
// a kill included, and gives the status.
func (l *cutLab) settled() agent.Status {
	l.Helper()
	l.workEnds()
	return l.wait()
}
