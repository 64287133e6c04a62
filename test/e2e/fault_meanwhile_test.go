package e2e

import (
	"sync"

	"docker-extension/test/harness/agent"
)

// runMishaps are those of runs that meet, or whose surroundings vanish.
func runMishaps() []mishap {
	return []mishap{
		{name: "five enables at once", brief: true, strike: nothing, meanwhile: fiveAtOnce},
		{name: "handler folder removed in the middle", brief: true, strike: nothing, meanwhile: folderRemoved},
	}
}

// fiveAtOnce calls enable for one sequence number five times at once.
func fiveAtOnce(l *lab, s agent.Settings) ending {
	if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
		return l.failedCall(err)
	}
	seq, _ := l.agent.Seq()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if call, err := l.agent.Run(l.ctx(), l.handler(), "enable", seq); err != nil {
				l.Errorf("one of five at once: %v: %s", err, call.Stderr)
			}
		})
	}
	all.Wait()
	return endingOf(l.wait())
}

// folderRemoved takes the handler's folder away while its work goes on: the work comes to its end all the
// same, and the agent brings the handler back.
func folderRemoved(l *lab, s agent.Settings) ending {
	runs := l.runs()
	if err := l.agent.Enable(l.ctx(), l.pkg, s); err != nil {
		return l.failedCall(err)
	}
	l.sh("mv " + l.handler().Dir() + " /root/gone && rm -rf /root/gone")
	l.sh("while systemctl is-active --quiet docker-extension-converge.service; do sleep 0.1; done")
	if now := l.runs(); now != runs+1 {
		l.Errorf("%d runs", now-runs)
	}
	return ending{}
}
