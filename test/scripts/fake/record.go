package fake

import (
	"fmt"
	"sync"
)

// Record is what was asked of the host, and what the engine did then, in order.
type Record struct {
	mu    sync.Mutex
	lines []string
}

// Take gives the lines since the last Take. A line is "apt-get ARGS" for a program, "systemd METHOD
// UNIT" for a call over D-Bus, "dockerd starts" and the like for what came of it.
func (r *Record) Take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.lines
	r.lines = nil
	return lines
}

func (r *Record) add(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, args...))
}
