package e2e

import (
	"context"
	"fmt"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
)

// lockMishaps are those of locks that somebody else holds for a while.
func lockMishaps() []mishap {
	const frontend, dpkg = "/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock"
	return []mishap{
		{name: "dpkg frontend lock held", brief: true, fresh: true, strike: lockHeld(frontend), meanwhile: outlasting(frontend)},
		{name: "dpkg lock held", fresh: true, strike: lockHeld(dpkg), meanwhile: outlasting(dpkg)},
		{name: "apt lists lock held", brief: true, fresh: true, strike: lockHeld("/var/lib/apt/lists/lock"), meanwhile: outlasting("/var/lib/apt/lists/lock")},
		{name: "apt archives lock held", fresh: true, strike: lockHeld("/var/cache/apt/archives/lock"), meanwhile: outlasting("/var/cache/apt/archives/lock")},
		{name: "lock never let go", brief: true, fresh: true, code: 22, strike: lockHeld(frontend), settings: asks(`{"docker":{"port":2376,"waitMinutes":0}}`),
			says: []string{"another process holds " + frontend + ": python3 (process ", "wait until the other run of apt or dpkg has ended"}},
		{name: "newer settings while a lock is held", fresh: true, strike: lockHeld(frontend), meanwhile: newerWhileWaiting},
		{name: "disable while a lock is held", brief: true, fresh: true, strike: lockHeld(frontend), meanwhile: disabledWhileWaiting},
		{name: "agent restart while a lock is held", fresh: true, strike: lockHeld(frontend), meanwhile: agentRestarted},
	}
}

// lockHeld lets a process of the VM hold a lock until the VM is mended.
func lockHeld(lock string) func(*lab) func() {
	return func(l *lab) func() {
		l.hold(lock)
		return l.letGo
	}
}

// hold takes a lock as apt and dpkg do, until letGo is called.
func (l *lab) hold(lock string) {
	l.Helper()
	l.sh(fmt.Sprintf(`rm -f /tmp/held
		setsid python3 -c '
import fcntl, time
f = open("%s", "w")
fcntl.lockf(f, fcntl.LOCK_EX)
open("/tmp/held", "w").close()
time.sleep(1000)' >/dev/null 2>&1 &
		echo $! >/tmp/holder
		for i in $(seq 600); do [ -e /tmp/held ] && exit 0; sleep 0.1; done; exit 1`, lock))
}

// letGo ends the holder, if it has not ended yet.
func (l *lab) letGo() {
	l.Helper()
	l.sh("[ ! -e /tmp/holder ] || kill $(cat /tmp/holder); rm -f /tmp/holder")
}

// awaitSaying waits until the status says something.
func (l *lab) awaitSaying(words string) {
	l.Helper()
	l.await("a status that says "+words, func(context.Context) bool {
		s, err := l.agent.Status()
		return err == nil && strings.Contains(show(s), words)
	})
}

// outlasting waits with the extension, which says for whom, until the lock is let go.
func outlasting(lock string) func(*lab, agent.Settings) ending {
	return func(l *lab, s agent.Settings) ending {
		if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
			return l.failedCall(err)
		}
		l.awaitSaying("which holds " + lock)
		l.after(held)
		if s, err := l.agent.Status(); err != nil || s.State != agent.Transitioning {
			l.Errorf("it did not wait: %s, error %v", show(s), err)
		}
		l.letGo()
		return endingOf(l.wait())
	}
}

// after lets time pass.
func (l *lab) after(d time.Duration) {
	select {
	case <-time.After(d):
	case <-l.Context().Done():
	}
}

// newerWhileWaiting gives newer settings to a run that only waits: it gives way.
func newerWhileWaiting(l *lab, s agent.Settings) ending {
	if err := l.agent.Enable(l.ctx(), l.pkg, l.usual("older")); err != nil {
		return l.failedCall(err)
	}
	l.awaitSaying("which holds ")
	older, _ := l.agent.Seq()
	if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
		return l.failedCall(err)
	}
	l.await("the end of the older run", func(context.Context) bool {
		s, err := l.agent.StatusOf(l.handler(), older)
		return err == nil && s.Code == 23
	})
	l.letGo()
	return endingOf(l.wait())
}

// disabledWhileWaiting disables the extension while its run only waits: disable has not to wait with it.
func disabledWhileWaiting(l *lab, s agent.Settings) ending {
	if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
		return l.failedCall(err)
	}
	l.awaitSaying("which holds ")
	if err := l.agent.Disable(l.ctx()); err != nil {
		l.Errorf("disable: %v", err)
	}
	if workers := l.running(worker); workers != "0" {
		l.Errorf("%s runs are left", workers)
	}
	status, err := l.agent.Status()
	if err != nil {
		l.Fatal(err)
	}
	return endingOf(status)
}

// agentRestarted restarts the agent, which calls enable again with what is being worked on.
func agentRestarted(l *lab, s agent.Settings) ending {
	if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
		return l.failedCall(err)
	}
	l.awaitSaying("which holds ")
	runs := l.runs()
	if err := l.agent.Restart(l.ctx()); err != nil {
		return l.failedCall(err)
	}
	l.letGo()
	e := endingOf(l.wait())
	if now := l.runs(); now != runs {
		l.Errorf("%d more runs", now-runs)
	}
	return e
}
