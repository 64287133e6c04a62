package fake

import (
	"net"
	"sync"
)

// queue is a socket that systemd owns: it takes connections also while no engine runs, and gives them
// to the next one that asks.
type queue struct {
	net.Listener
	waiting chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

// backlog is how many connections wait for an engine; tests never have more than a few.
const backlog = 64

func newQueue(listener net.Listener) *queue {
	q := &queue{Listener: listener, waiting: make(chan net.Conn, backlog), closed: make(chan struct{})}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			q.waiting <- conn
		}
	}()
	return q
}

func (q *queue) close() {
	q.once.Do(func() {
		close(q.closed)
		q.Listener.Close()
	})
}

// turn is the time for which one engine takes connections from the queue; Close ends it and leaves
// the socket open.
type turn struct {
	*queue
	over chan struct{}
	once sync.Once
}

func (q *queue) turn() *turn { return &turn{queue: q, over: make(chan struct{})} }

// Accept gives the next connection.
func (t *turn) Accept() (net.Conn, error) {
	select {
	case <-t.over:
		return nil, net.ErrClosed
	default:
	}
	select {
	case conn := <-t.waiting:
		return conn, nil
	case <-t.over:
	case <-t.closed:
	}
	return nil, net.ErrClosed
}

// Close ends the turn.
func (t *turn) Close() error {
	t.once.Do(func() { close(t.over) })
	return nil
}
