package fake

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// programs are those that the extension may start.
func programs() []string { return []string{"apt-get", "apt-mark", "dpkg", "gpasswd", "journalctl"} }

const gateFile = "run/fake-programs.sock"

// question is a program's command line, verdict what it prints and how it ends.
type question struct {
	Name string
	Args []string
}

type verdict struct {
	Output string
	Exit   int
}

// Program does the work of one of the programs if this process was started under its name, and then
// ends the process. What the program does is done in the process that plays the host: it is found
// by PATH, the only trace of the root that a child of the extension has. Call it first in TestMain.
func Program() {
	name := filepath.Base(os.Args[0])
	if !slices.Contains(programs(), name) {
		return
	}
	// As apt does while dpkg works (pkgDPkgPM::Go in apt-pkg/deb/dpkgpm.cc). A program that is held is at work.
	signal.Ignore(syscall.SIGINT)
	v, err := ask(question{Name: name, Args: os.Args[1:]})
	if err != nil {
		v = verdict{Output: err.Error() + "\n", Exit: 127}
	}
	fmt.Print(v.Output)
	// Not os.Exit, which in a program with the race detector waits for a second.
	syscall.Exit(v.Exit)
}

func ask(q question) (v verdict, err error) {
	first, _, _ := strings.Cut(os.Getenv("PATH"), ":")
	root, _ := strings.CutSuffix(first, "/usr/local/sbin")
	conn, err := net.Dial("unix", filepath.Join(root, gateFile))
	if err != nil {
		return v, err
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(q); err != nil {
		return v, err
	}
	return v, json.NewDecoder(conn).Decode(&v)
}

// gate is where the programs ask what to do.
type gate struct {
	listener net.Listener
	wait     sync.WaitGroup
}

func (h *Host) openGate() (*gate, error) {
	listener, err := net.Listen("unix", h.path(gateFile))
	if err != nil {
		return nil, err
	}
	g := &gate{listener: listener}
	g.wait.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			g.wait.Go(func() { h.decide(conn) })
		}
	})
	return g, nil
}

func (g *gate) close() {
	g.listener.Close()
	g.wait.Wait()
}

func (h *Host) decide(conn net.Conn) {
	defer conn.Close()
	var q question
	if json.NewDecoder(conn).Decode(&q) != nil {
		return
	}
	h.Record.add("%s %s", q.Name, strings.Join(q.Args, " "))
	h.await(q)
	// A program that was killed does not hear it.
	_ = json.NewEncoder(conn).Encode(h.run(q))
}

// await waits as long as the program is to be held.
func (h *Host) await(q question) {
	for _, word := range q.Args {
		h.mu.Lock()
		held := h.holds[q.Name+" "+word]
		h.mu.Unlock()
		if held != nil {
			held.once.Do(func() { close(held.came) })
			<-held.let
		}
	}
}

// run does what the program does.
func (h *Host) run(q question) verdict {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, word := range q.Args {
		if f, ok := h.failures[q.Name+" "+word]; ok {
			return verdict(f)
		}
	}
	var err error
	output := ""
	switch q.Name {
	case "apt-get":
		output, err = h.aptGet(q.Args)
	case "apt-mark":
		err = h.mark(q.Args)
	case "dpkg":
		err = h.configure()
	case "gpasswd":
		err = h.gpasswd(q.Args)
	case "journalctl":
		output = "level=error msg=\"the fake engine's last words\"\n"
	}
	if err != nil {
		return verdict{Output: "E: " + err.Error() + "\n", Exit: 100}
	}
	return verdict{Output: output}
}
