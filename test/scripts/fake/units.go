package fake

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
)

// The units of the engine, where their package lays them, and a job's result words.
const (
	service    = "docker.service"
	socket     = "docker.socket"
	unitFolder = "/usr/lib/systemd/system"
	done       = "done"
	failed     = "failed"
)

// units is what systemd knows of the engine's units, in memory as systemd has it: a drop-in counts
// when it has been loaded, a port when the socket has been started since.
type units struct {
	host      *Host
	jobs      uint32
	port      string // of the loaded drop-in; "" for none
	listeners []*queue
	active    bool // the service; the socket is active when it has listeners
}

// known refuses units that have no file, unless they are transient.
func (u *units) known(unit string) error {
	if u.host.work != nil && u.host.work.unit == unit {
		return nil
	}
	if _, err := os.Stat(u.host.path(unitFolder, unit)); err != nil {
		return refused(noSuchUnit, "Unit "+unit+" not loaded.")
	}
	return nil
}

// load reads unit files and drop-ins again.
func (u *units) load() error {
	u.port = ""
	dropIns, err := filepath.Glob(u.host.path("etc/systemd/system/docker.socket.d/*.conf"))
	if err != nil {
		return err
	}
	for _, name := range dropIns {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if found := regexp.MustCompile(`(?m)^ListenStream=0\.0\.0\.0:(\d+)$`).FindSubmatch(content); found != nil {
			u.port = string(found[1])
		}
	}
	return nil
}

// state gives the ActiveState of a unit, the only property that the extension asks for.
func (u *units) state(unit string) string {
	if unit == service && u.active || unit == socket && len(u.listeners) > 0 {
		return "active"
	}
	return "inactive"
}

// start starts a unit and gives the job's result.
func (u *units) start(unit string) string {
	if unit == socket {
		return u.listen()
	}
	if u.active {
		return done
	}
	if u.listen() != done || !u.engineStarts() {
		return failed
	}
	u.active = true
	return done
}

func (u *units) engineStarts() bool {
	if err := u.host.engine.start(u.listeners); err != nil {
		fmt.Fprintln(&u.host.journal, "dockerd:", err)
		u.host.Record.add("dockerd fails")
		return false
	}
	return os.Symlink("0123456789abcdef0123456789abcdef", u.host.invocation(service)) == nil
}

// invocation is the link that systemd keeps while a service is active.
func (h *Host) invocation(unit string) string { return h.path("run/systemd/units/invocation:" + unit) }

// stop stops a unit; the service goes with its socket, which it requires.
func (u *units) stop(unit string) {
	if u.active {
		u.active = false
		u.host.engine.stop()
		_ = os.Remove(u.host.invocation(service))
	}
	if unit == service {
		return
	}
	for _, q := range u.listeners {
		q.close()
	}
	u.listeners = nil
	u.publish()
}

// reload sends the engine the signal to read its configuration again.
func (u *units) reload(unit string) string {
	if unit != service || !u.active {
		return failed
	}
	u.host.engine.reload()
	return done
}

// listen starts the socket. systemd refuses that while the service runs on its own.
func (u *units) listen() string {
	if len(u.listeners) > 0 {
		return done
	}
	if u.active {
		return failed
	}
	path := u.host.path("run/docker.sock")
	_ = os.Remove(path)
	addresses := [][2]string{{"unix", path}}
	if u.port != "" {
		addresses = append(addresses, [2]string{"tcp", "127.0.0.1:" + u.port})
	}
	for _, address := range addresses {
		listener, err := net.Listen(address[0], address[1])
		if err != nil {
			u.stop(socket)
			return failed
		}
		u.listeners = append(u.listeners, newQueue(listener))
	}
	u.publish()
	return done
}

// publish shows in /proc what process 1 listens on (proc_net_unix(5)).
func (u *units) publish() {
	table := "Num       RefCount Protocol Flags    Type St Inode Path\n"
	held := u.host.path("proc/1/fd/17")
	_ = os.Remove(held)
	if len(u.listeners) > 0 {
		table += "0000000000000000: 00000002 00000000 00010000 0001 01 4711 /run/docker.sock\n"
		_ = os.Symlink("socket:[4711]", held)
	}
	if os.MkdirAll(u.host.path("proc/net"), 0o755) == nil {
		_ = os.WriteFile(u.host.path("proc/net/unix"), []byte(table), 0o444)
	}
}
