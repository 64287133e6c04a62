package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Watch samples what processes are started with while something runs, to catch a secret in the
// arguments or the environment of a short-lived child.
type Watch struct {
	known patterns
	stop  chan struct{}
	done  sync.WaitGroup
	leaks []Leak
}

// StartWatch begins to look at every process that this one can see, about 50 times a second. The
// processes of a virtual machine of ours are among them: its process namespace lies below the host's.
// End it with Stop.
func StartWatch(secrets map[string]string) (*Watch, error) {
	known, err := newPatterns(secrets)
	if err != nil {
		return nil, err
	}
	w := &Watch{known: known, stop: make(chan struct{})}
	w.done.Go(w.run)
	return w, nil
}

// Stop ends the watch and gives what it has seen; the place holds the command line's program.
func (w *Watch) Stop() []Leak {
	close(w.stop)
	w.done.Wait()
	return w.leaks
}

func (w *Watch) run() {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	clean := map[string]bool{}
	for {
		clean = w.sample(clean)
		select {
		case <-w.stop:
			return
		case <-ticker.C:
		}
	}
}

// sample looks at every process once. clean is the command lines of processes that were looked at
// before, by process, so that each program is read only once; the new such map is given back.
func (w *Watch) sample(clean map[string]bool) map[string]bool {
	seen := map[string]bool{}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, process := range processes {
		arguments, err := os.ReadFile(process + "/cmdline")
		if err != nil || len(arguments) == 0 {
			continue
		}
		key := process + "\x00" + string(arguments)
		seen[key] = true
		if !clean[key] {
			w.look(process, arguments)
		}
	}
	return seen
}

func (w *Watch) look(process string, arguments []byte) {
	program, _, _ := bytes.Cut(arguments, []byte{0})
	environment, _ := os.ReadFile(process + "/environ")
	for file, content := range map[string][]byte{"cmdline": arguments, "environ": environment} {
		for _, name := range w.known.in(content) {
			leak := Leak{Secret: name, Place: file + " of " + string(program)}
			if !slices.Contains(w.leaks, leak) {
				w.leaks = append(w.leaks, leak)
			}
		}
	}
}
