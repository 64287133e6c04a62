// Probe measures inside of a VM, next to what it measures: it runs programs as the agent does, and prints one
// JSON object for each run.
//
//	probe repeat N COMMAND              run COMMAND with /bin/sh -c, N times
//	probe start N PROGRAM WORD          run PROGRAM WORD without a shell, N times
//	probe follow STATUSFILE COMMAND     run COMMAND, then wait until STATUSFILE says success or error
//	probe stamp - COMMAND               run COMMAND, and say when it printed which line
//	probe nothing                       do nothing: what any Go program takes to start and end
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// run is what is known of one run; times are in milliseconds.
type run struct {
	Started time.Time
	Wall    float64 // of the command
	Done    float64 // until the status was there, from the same start
	CPU     float64 // of the command and its children that it waited for
	MaxRSS  float64 // KiB, of the largest process
	Exit    int
	Output  string
	State   string
	Lines   []line `json:",omitempty"`
}

// line is one of the output, and when it came.
type line struct {
	At   float64
	Text string
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "nothing" {
		return
	}
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: probe repeat N COMMAND | start N PROGRAM WORD | follow STATUSFILE COMMAND | stamp - COMMAND | nothing")
		os.Exit(2)
	}
	what, arguments := os.Args[1], os.Args[3:]
	if what != "start" {
		arguments = append([]string{"/bin/sh", "-c"}, arguments...)
	}
	times, file := 1, ""
	switch what {
	case "repeat", "start":
		times, _ = strconv.Atoi(os.Args[2])
	case "follow":
		file = os.Args[2]
	}
	encoder := json.NewEncoder(os.Stdout)
	for range times {
		if err := encoder.Encode(measure(arguments, file, what == "stamp")); err != nil {
			os.Exit(1)
		}
	}
}

func measure(arguments []string, statusFile string, stamp bool) run {
	cmd := exec.Command(arguments[0], arguments[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	out := &output{started: time.Now()}
	cmd.Stdout, cmd.Stderr = out, out
	err := cmd.Run()
	r := run{Started: out.started, Wall: since(out.started), Output: out.text.String()}
	if cmd.ProcessState == nil {
		return run{Exit: -1, Output: err.Error()}
	}
	r.Exit = cmd.ProcessState.ExitCode()
	r.CPU = float64((cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Microseconds()) / 1000
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.MaxRSS = float64(usage.Maxrss)
	}
	if stamp {
		r.Lines = out.lines()
	}
	if statusFile != "" {
		r.State = await(statusFile)
		r.Done = since(out.started)
	}
	return r
}

// output keeps what a run prints, and when each piece came.
type output struct {
	started time.Time
	text    bytes.Buffer
	ends    []int     // of the pieces in the text
	times   []float64 // of the pieces
}

func (o *output) Write(piece []byte) (int, error) {
	n, err := o.text.Write(piece)
	o.ends, o.times = append(o.ends, o.text.Len()), append(o.times, since(o.started))
	return n, err
}

// lines gives the lines with the time of the piece in which each begins.
func (o *output) lines() []line {
	var all []line
	start, piece := 0, 0
	for text := range strings.Lines(o.text.String()) {
		for o.ends[piece] <= start {
			piece++
		}
		all = append(all, line{o.times[piece], strings.TrimRight(text, "\n")})
		start += len(text)
	}
	return all
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
