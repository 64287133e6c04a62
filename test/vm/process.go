package vm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// process is one process of the host for all time: a process id alone may be used again.
type process struct {
	// PID is the process id in the host's namespace; 0 is no process.
	PID int `json:"pid"`
	// Start is the start time in clock ticks since the host's boot, field 22 of proc(5) stat.
	Start uint64 `json:"start"`
	// Boot is the host's boot id: ticks begin again at the next boot.
	Boot string `json:"boot"`
}

// processOf describes a process that runs now.
func processOf(pid int) (process, error) {
	_, _, start, err := statOf(pid)
	if err != nil {
		return process{}, err
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return process{}, err
	}
	return process{PID: pid, Start: start, Boot: strings.TrimSpace(string(boot))}, nil
}

// alive tells whether this very process still runs; a zombie does not.
func (p process) alive() bool {
	if p.PID == 0 {
		return false
	}
	state, _, _, err := statOf(p.PID)
	if err != nil || state == "Z" || state == "X" {
		return false
	}
	now, err := processOf(p.PID)
	return err == nil && now == p
}

// kill sends a signal to this very process, and to no later one with its id.
func (p process) kill(signal syscall.Signal) error {
	if !p.alive() {
		return nil
	}
	return sendSignal(p.PID, signal)
}

// sendSignal sends a signal to a process that may end at any moment. One that has ended since it was seen
// has what a machine's end wants of it: after a power cut, PID 1 dies while HardStop looks for it.
func sendSignal(pid int, signal syscall.Signal) error {
	if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// statOf gives state, parent and start time of a process from /proc/PID/stat.
func statOf(pid int) (state string, parent int, start uint64, err error) {
	path := fmt.Sprintf("/proc/%d/stat", pid)
	content, err := os.ReadFile(path)
	if err != nil {
		return "", 0, 0, err
	}
	// The command name stands in parentheses and may hold blanks and parentheses itself.
	fields := strings.Fields(string(content[strings.LastIndexByte(string(content), ')')+1:]))
	if len(fields) < 20 {
		return "", 0, 0, fmt.Errorf("cannot read %s: too few fields", path)
	}
	if parent, err = strconv.Atoi(fields[1]); err != nil {
		return "", 0, 0, err
	}
	start, err = strconv.ParseUint(fields[19], 10, 64)
	return fields[0], parent, start, err
}

// leaderOf gives the machine's PID 1 as the host sees it: the child of systemd-nspawn that is the
// first process of its own process id namespace. It is 0 while there is none.
func leaderOf(nspawn int) int {
	stats, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0
	}
	for _, folder := range stats {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			continue
		}
		if _, parent, _, err := statOf(pid); err == nil && parent == nspawn && isFirst(pid) {
			return pid
		}
	}
	return 0
}

// HostPID gives the host's number of a process that has the number pid inside the machine.
func (v *VM) HostPID(pid int) (int, error) {
	leader, err := v.leader()
	if err != nil {
		return 0, err
	}
	stats, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, folder := range stats {
		found, err := strconv.Atoi(filepath.Base(folder))
		if err == nil && slices.Contains(innermost(found), strconv.Itoa(pid)) && sameNamespace(found, leader) {
			return found, nil
		}
	}
	return 0, fmt.Errorf("there is no process %d in %s", pid, v.Name())
}

// isFirst tells whether a process has the id 1 in the innermost of at least two namespaces.
func isFirst(pid int) bool { return slices.Contains(innermost(pid), "1") }

// innermost gives the number of a process in the innermost of at least two namespaces; none if there is
// one namespace only.
func innermost(pid int) []string {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(status)) {
		if ids, ok := strings.CutPrefix(line, "NSpid:"); ok {
			if fields := strings.Fields(ids); len(fields) > 1 {
				return fields[len(fields)-1:]
			}
		}
	}
	return nil
}

func sameNamespace(a, b int) bool {
	first, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", a))
	if err != nil {
		return false
	}
	second, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", b))
	return err == nil && first == second
}

// belongsInside tells whether a process that was found in a machine's cgroup is the machine's: it
// lives in another process id namespace than we do, or is the systemd-nspawn around it.
func belongsInside(pid int) bool {
	ours, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return false
	}
	theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	if err != nil {
		return false
	}
	program, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	return theirs != ours || filepath.Base(program) == "systemd-nspawn"
}
