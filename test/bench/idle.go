package main

import (
	"context"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// The scenarios of runs that change nothing.
const (
	nothing  = "nothing to do"
	start    = "start of the binary"
	launched = "start of the binary by the agent" // by a shell that runs the launcher

	// What nobody can do better, measured beside it.
	floorStart = "start of a Go program that does nothing"
	floorShell = "start of a shell that does nothing"
)

const repeats = 20 // of a run that has nothing to do

// idle measures enable with nothing to do, and beside it what the start of the binary takes, or the plan.
func (l *lab) idle(ctx context.Context, scenario, variant string) error {
	seq, _ := l.agent.Seq()
	command := l.enableCommand(seq)
	// Once without a clock: the status says for the first time that nothing had to be changed.
	if _, err := l.run(ctx, "repeat", "1", command); err != nil {
		return err
	}
	all, err := l.run(ctx, "repeat", strconv.Itoa(repeats), command)
	if err != nil {
		return err
	}
	values := figures(all)
	if err := l.trace(ctx, command, values); err != nil {
		return err
	}
	l.bench.results.add(l.vm.Suite(), scenario, variant, values)
	if scenario != nothing {
		return l.plan(ctx, scenario)
	}
	return l.starts(ctx)
}

// starts measures what a run takes before it can do anything.
func (l *lab) starts(ctx context.Context) error {
	launcher, times := path.Join(l.handlerDir(), "bin/docker-extension"), strconv.Itoa(repeats)
	for _, one := range []struct {
		scenario  string
		arguments []string
	}{
		{start, []string{"start", times, launcher + "-" + runtime.GOARCH, "version"}},
		{floorStart, []string{"start", times, probePath, "nothing"}},
		{launched, []string{"repeat", times, "exec " + launcher + " version"}},
		{floorShell, []string{"repeat", times, ":"}},
	} {
		all, err := l.run(ctx, one.arguments...)
		if err != nil {
			return err
		}
		l.bench.results.add(l.vm.Suite(), one.scenario, ours, figures(all))
	}
	return nil
}

// plan measures the command that says what enable would change.
func (l *lab) plan(ctx context.Context, scenario string) error {
	all, err := l.run(ctx, "repeat", strconv.Itoa(repeats), path.Join(l.handlerDir(), "bin/docker-extension")+" plan")
	if err == nil {
		l.bench.results.add(l.vm.Suite(), planOf(scenario), ours, figures(all))
	}
	return err
}

func planOf(scenario string) string { return "plan" + strings.TrimPrefix(scenario, nothing) }

// figures gives the medians of runs, and the fastest.
func figures(all []probed) map[string]float64 {
	var wall, cpu, rss []float64
	for _, one := range all {
		wall, cpu, rss = append(wall, one.Wall), append(cpu, one.CPU), append(rss, one.MaxRSS*1024/1e6)
	}
	fastest := wall[0]
	for _, w := range wall {
		fastest = min(fastest, w)
	}
	return map[string]float64{"wall_ms": median(wall), "fastest_ms": fastest, "cpu_ms": median(cpu), "peak_mb": median(rss)}
}

// trace counts what a run asks of the kernel: processes, connections to D-Bus, and flushes to the disk.
func (l *lab) trace(ctx context.Context, command string, values map[string]float64) error {
	const file = "/tmp/bench.trace"
	if err := l.vm.WriteFile("/root/traced", 0o700, []byte(command)); err != nil {
		return err
	}
	text, err := l.vm.Sh(ctx, "strace -f -qq -o "+file+" -e trace=clone,clone3,fork,vfork,connect,fsync,fdatasync sh /root/traced >/dev/null; cat "+file)
	if err != nil {
		return err
	}
	for _, name := range []string{"children", "dbus", "flushes"} {
		values[name] = 0
	}
	for line := range strings.Lines(text) {
		if what := kindOf(line); what != "" {
			values[what]++
		}
	}
	return nil
}

// kindOf gives what a line of strace counts as; "" for nothing of interest.
func kindOf(line string) string {
	has := func(text string) bool { return strings.Contains(line, text) }
	switch {
	case has("sync(") && !has("resumed>"):
		return "flushes"
	case has("connect(") && (has("dbus") || has("systemd/private")):
		return "dbus"
	case has("fork("), has("clone") && has("SIGCHLD"): // the end of a thread is told to nobody
		return "children"
	}
	return ""
}
