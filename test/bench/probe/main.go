// Probe measures inside of a VM, next to what it measures: it runs programs as the agent does, and prints one
// JSON object for each run.
//
//	probe repeat N COMMAND              run COMMAND with /bin/sh -c, N times
//	probe follow STATUSFILE COMMAND     run COMMAND, then wait until STATUSFILE says success or error
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// run is what is known of one run; times are in milliseconds.
type run struct {
	Wall   float64 // of the command
	Done   float64 // until the status was there, from the same start
	CPU    float64 // of the command and its children that it waited for
	MaxRSS float64 // KiB, of the largest process
	Exit   int
	Output string
	State  string
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: probe repeat N COMMAND | probe follow STATUSFILE COMMAND")
		os.Exit(2)
	}
	encoder := json.NewEncoder(os.Stdout)
	times, file := 1, ""
	switch os.Args[1] {
	case "repeat":
		times, _ = strconv.Atoi(os.Args[2])
	case "follow":
		file = os.Args[2]
	}
	for range times {
		if err := encoder.Encode(measure(os.Args[3], file)); err != nil {
			os.Exit(1)
		}
	}
}

func measure(command, statusFile string) run {
	cmd := exec.Command("/bin/sh", "-c", command)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	started := time.Now()
	output, err := cmd.CombinedOutput()
	r := run{Wall: since(started), Output: string(output)}
	if cmd.ProcessState == nil {
		return run{Exit: -1, Output: err.Error()}
	}
	r.Exit = cmd.ProcessState.ExitCode()
	r.CPU = float64((cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Microseconds()) / 1000
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.MaxRSS = float64(usage.Maxrss)
	}
	if statusFile != "" {
		r.State = await(statusFile)
		r.Done = since(started)
	}
	return r
}

func since(started time.Time) float64 { return float64(time.Since(started).Microseconds()) / 1000 }

// await looks at the status file every millisecond, for ten minutes at most.
func await(file string) string {
	for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		content, _ := os.ReadFile(file)
		var status []struct {
			Status struct{ Status string } `json:"status"`
		}
		if json.Unmarshal(content, &status) == nil && len(status) == 1 && status[0].Status.Status != "transitioning" {
			return status[0].Status.Status
		}
	}
	return "timeout"
}
