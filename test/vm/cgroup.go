package vm

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	cgroupTop = "/sys/fs/cgroup"
	// One cgroup at the top of every hierarchy, and no parent of ours: a machine that goes would take
	// it from under one that comes.
	cgroupPrefix = "docker-extension-test-"
)

// hierarchy is one mounted tree of cgroups.
type hierarchy struct {
	mount string // where it is mounted
	key   string // how /proc/PID/cgroup names it: controllers of version 1, empty for version 2
}

// cgroupV2 tells whether the host has one unified tree only.
func cgroupV2() bool {
	var stat unix.Statfs_t
	return unix.Statfs(cgroupTop, &stat) == nil && stat.Type == unix.CGROUP2_SUPER_MAGIC
}

// hierarchies gives every tree that is mounted, with its name, from /proc/self/mountinfo.
func hierarchies() ([]hierarchy, error) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var found []hierarchy
	for line := range strings.Lines(string(content)) {
		left, right, _ := strings.Cut(strings.TrimSpace(line), " - ")
		mount, kind := strings.Fields(left)[4], strings.Fields(right)
		switch kind[0] {
		case "cgroup2":
			found = append(found, hierarchy{mount: mount})
		case "cgroup":
			found = append(found, hierarchy{mount: mount, key: controllers(kind[2])})
		}
	}
	return found, nil
}

// controllers picks the controllers out of the options of a version 1 mount.
func controllers(options string) string {
	common := []string{"rw", "ro", "xattr", "clone_children", "cpuset_v2_mode", "noprefix"}
	kept := slices.DeleteFunc(strings.Split(options, ","), func(option string) bool {
		return slices.Contains(common, option) || strings.HasPrefix(option, "release_agent=")
	})
	return strings.Join(kept, ",")
}

// cgroupsUp makes the machine's cgroup in every hierarchy and records them.
func (r *record) cgroupsUp() error {
	trees, err := hierarchies()
	if err != nil {
		return err
	}
	r.Cgroups = nil
	for _, tree := range trees {
		r.Cgroups = append(r.Cgroups, filepath.Join(tree.mount, cgroupPrefix+r.Name))
	}
	if err := r.save(); err != nil {
		return err
	}
	for _, tree := range trees {
		if err := makeCgroup(tree.mount, cgroupPrefix+r.Name); err != nil {
			return fmt.Errorf("cannot make a cgroup in %s: %w", tree.mount, err)
		}
	}
	return nil
}

// makeCgroup makes a child cgroup. What it does not inherit is handed down: the processors and
// memory nodes of version 1, the controllers of version 2.
func makeCgroup(parent, name string) error {
	child := filepath.Join(parent, name)
	handDownControllers(parent)
	if err := os.Mkdir(child, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
		value, err := os.ReadFile(filepath.Join(parent, file))
		if err != nil || cgroupV2() {
			continue // not the cpuset hierarchy, or inherited
		}
		if err := os.WriteFile(filepath.Join(child, file), value, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// handDownControllers lets the children of a version 2 cgroup use what it has. A controller that
// refuses is left out: the machine then does without it.
func handDownControllers(parent string) {
	list, err := os.ReadFile(filepath.Join(parent, "cgroup.controllers"))
	if err != nil {
		return // version 1
	}
	for _, controller := range strings.Fields(string(list)) {
		_ = os.WriteFile(filepath.Join(parent, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
	}
}

// cgroupsDown removes the machine's cgroups after their last process has gone.
func (r *record) cgroupsDown(ctx context.Context) error {
	var errs []error
	for _, top := range r.Cgroups {
		err := waitFor(ctx, func() bool { return removeCgroup(top) })
		if err != nil {
			errs = append(errs, fmt.Errorf("cannot remove the cgroup %s: %w", top, err))
		}
	}
	return errors.Join(errs...)
}

// removeCgroup removes a cgroup and those below it, deepest first; false while one is in use.
func removeCgroup(top string) bool {
	var all []string
	_ = filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			all = append(all, path)
		}
		return nil
	})
	for _, path := range slices.Backward(all) {
		_ = os.Remove(path)
	}
	return !exists(top)
}

// killCgroups kills what is left of the machine in its own cgroups: processes of its process id
// namespace, and a systemd-nspawn that was started and not yet recorded. A thread of a process of
// the host that is on its way in (startIn) is none of these.
func (r *record) killCgroups() {
	for _, top := range r.Cgroups {
		_ = filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.Name() != "cgroup.procs" {
				return nil
			}
			content, _ := os.ReadFile(path)
			for _, field := range strings.Fields(string(content)) {
				if pid, err := strconv.Atoi(field); err == nil && belongsInside(pid) {
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			return nil
		})
	}
}

// cgroupsOf gives the cgroups of a running process, as paths of the host.
func cgroupsOf(pid int) ([]string, error) { return cgroupsIn(fmt.Sprintf("/proc/%d/cgroup", pid)) }

// cgroupsIn gives the cgroups that are listed in a file of /proc, as paths of the host.
func cgroupsIn(file string) ([]string, error) {
	trees, err := hierarchies()
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(string(content)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		for _, tree := range trees {
			if len(fields) == 3 && tree.key == fields[1] {
				found = append(found, filepath.Join(tree.mount, fields[2]))
			}
		}
	}
	return found, nil
}

// startIn starts a command inside the given cgroups. A thread of ours joins those of version 1,
// forks and goes back; version 2 takes the child at birth.
//
// Where to go back to is the thread's own business: the file of the process is that of its first
// thread, which may be away in some machine's cgroup itself. A thread that stayed there would keep
// that cgroup from being removed for as long as nobody used the thread.
func startIn(cmd *exec.Cmd, cgroups []string) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := cgroupsIn("/proc/thread-self/cgroup")
		if err == nil {
			err = joinAndStart(cmd, cgroups)
		}
		if joinTasks(home) == nil {
			runtime.UnlockOSThread() // else the runtime ends the thread with this goroutine
		}
		result <- err
	}()
	return <-result
}

// joinAndStart is the part of startIn that runs on a thread of its own.
func joinAndStart(cmd *exec.Cmd, cgroups []string) error {
	if err := joinTasks(cgroups); err != nil {
		return err
	}
	for _, folder := range cgroups {
		if exists(filepath.Join(folder, "tasks")) {
			continue
		}
		handle, err := os.Open(folder)
		if err != nil {
			return err
		}
		defer handle.Close()
		cmd.SysProcAttr.UseCgroupFD, cmd.SysProcAttr.CgroupFD = true, int(handle.Fd())
	}
	return cmd.Start()
}

// joinTasks moves the calling thread into those of the cgroups that are of version 1: only they
// have a file "tasks", and take single threads.
func joinTasks(cgroups []string) error {
	for _, folder := range cgroups {
		tasks := filepath.Join(folder, "tasks")
		if !exists(tasks) {
			continue
		}
		if err := os.WriteFile(tasks, []byte("0"), 0o644); err != nil {
			return fmt.Errorf("cannot join %s: %w", folder, err)
		}
	}
	return nil
}
