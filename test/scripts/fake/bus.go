package fake

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
)

// The names of systemd on D-Bus (org.freedesktop.systemd1(5)).
const (
	managerPath      = dbus.ObjectPath("/org/freedesktop/systemd1")
	managerInterface = "org.freedesktop.systemd1.Manager"
)

// bus is systemd's private socket: D-Bus from peer to peer, without a bus in between.
type bus struct {
	listener net.Listener
	answer   func(object dbus.ObjectPath, member string, body []any) (reply []any, after func(), err error)

	mu    sync.Mutex
	peers map[*peer]bool // whether it has logged in: until then signals would be taken for an answer to that
	wait  sync.WaitGroup
}

// peer is one connection. Its lock keeps two messages apart.
type peer struct {
	net.Conn
	mu sync.Mutex
}

func (h *Host) openBus() (*bus, error) {
	listener, err := net.Listen("unix", h.path("run/systemd/private"))
	if err != nil {
		return nil, err
	}
	b := &bus{listener: listener, answer: h.call, peers: map[*peer]bool{}}
	b.wait.Go(b.accept)
	return b, nil
}

func (b *bus) accept() {
	for {
		conn, err := b.listener.Accept()
		if err != nil {
			return
		}
		p := &peer{Conn: conn}
		b.mu.Lock()
		b.peers[p] = false
		b.mu.Unlock()
		b.wait.Go(func() { b.serve(p) })
	}
}

func (b *bus) close() {
	b.listener.Close()
	b.mu.Lock()
	for p := range b.peers {
		p.Close()
	}
	b.mu.Unlock()
	b.wait.Wait()
}

// serve answers the calls of one connection, one after the other, until it ends.
func (b *bus) serve(p *peer) {
	defer func() {
		b.mu.Lock()
		delete(b.peers, p)
		b.mu.Unlock()
		p.Close()
	}()
	in := bufio.NewReader(p)
	if handshake(p, in) != nil {
		return
	}
	b.mu.Lock()
	b.peers[p] = true
	b.mu.Unlock()
	for {
		call, err := dbus.DecodeMessage(in)
		if err != nil {
			return
		}
		if call.Type == dbus.TypeMethodCall && b.respond(p, call) != nil {
			return
		}
	}
}

// handshake is the server's part of the authentication (D-Bus Specification, "Authentication
// Protocol"). Everybody is let in.
func handshake(p *peer, in *bufio.Reader) error {
	if _, err := in.ReadByte(); err != nil { // the null byte that carries the credentials
		return err
	}
	answers := map[string]string{
		"AUTH": "REJECTED EXTERNAL", "AUTH EXTERNAL": "DATA", "DATA": "OK 0123456789abcdef0123456789abcdef",
		"NEGOTIATE_UNIX_FD": "ERROR",
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		line = strings.TrimSpace(line)
		if line == "BEGIN" {
			return nil
		}
		if _, err := fmt.Fprintf(p, "%s\r\n", answers[line]); err != nil {
			return err
		}
	}
}

// respond answers a call. What is to follow the answer, such as a job's signal, comes after it.
func (b *bus) respond(p *peer, call *dbus.Message) error {
	member, _ := call.Headers[dbus.FieldMember].Value().(string)
	object, _ := call.Headers[dbus.FieldPath].Value().(dbus.ObjectPath)
	body, after, err := b.answer(object, member, call.Body)
	reply := &dbus.Message{
		Type: dbus.TypeMethodReply, Body: body,
		Headers: map[dbus.HeaderField]dbus.Variant{dbus.FieldReplySerial: dbus.MakeVariant(call.Serial())},
	}
	var named dbus.Error
	if errors.As(err, &named) {
		reply.Type, reply.Body = dbus.TypeError, named.Body
		reply.Headers[dbus.FieldErrorName] = dbus.MakeVariant(named.Name)
	}
	if call.Flags&dbus.FlagNoReplyExpected == 0 {
		if err := p.send(reply); err != nil {
			return err
		}
	}
	if after != nil {
		after()
	}
	return nil
}

// signal sends a signal of the manager to everybody, as systemd does without a bus.
func (b *bus) signal(member string, body ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for p, in := range b.peers {
		if !in {
			continue
		}
		// One that is gone misses nothing.
		_ = p.send(&dbus.Message{Type: dbus.TypeSignal, Body: body, Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldPath:      dbus.MakeVariant(managerPath),
			dbus.FieldInterface: dbus.MakeVariant(managerInterface),
			dbus.FieldMember:    dbus.MakeVariant(member),
		}})
	}
}

func (p *peer) send(message *dbus.Message) error {
	if len(message.Body) > 0 {
		message.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(message.Body...))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return message.EncodeTo(p, binary.LittleEndian)
}
