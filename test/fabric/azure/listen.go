package azure

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"docker-extension/test/vm"
)

// pluginPort is the HostGAPlugin's (hostplugin.py, HOST_PLUGIN_PORT).
const pluginPort = "32526"

// Serve answers inside the network namespace of this name until ctx ends or stop is called; both
// addresses must be local there.
func (f *Fabric) Serve(ctx context.Context, namespace string) (stop func(), err error) {
	services := []struct {
		address string
		handler http.Handler
	}{
		{net.JoinHostPort(vm.FabricAddress, "80"), f.WireServer()},
		{net.JoinHostPort(vm.FabricAddress, pluginPort), f.HostPlugin()},
		{net.JoinHostPort(vm.MetadataAddress, "80"), f.Metadata()},
	}
	var addresses []string
	for _, service := range services {
		addresses = append(addresses, service.address)
	}
	listeners, err := listenIn(ctx, namespace, addresses)
	if err != nil {
		return nil, fmt.Errorf("cannot serve in the namespace %s: %w", namespace, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	for i, listener := range listeners {
		server := &http.Server{Handler: f.counted(services[i].handler), ReadHeaderTimeout: 10 * time.Second}
		go func() { _ = server.Serve(listener) }()
		context.AfterFunc(ctx, func() { _ = server.Close() })
	}
	return cancel, nil
}

// counted counts the requests.
func (f *Fabric) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.seen.Requests[r.Method+" "+r.URL.Path]++
		f.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// listenIn opens the sockets on a thread that enters the namespace and ends there, so that no other
// code of this process ever runs in it.
func listenIn(ctx context.Context, namespace string, addresses []string) ([]net.Listener, error) {
	type result struct {
		listeners []net.Listener
		err       error
	}
	done := make(chan result, 1)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread goes with its goroutine
		if err := enter(namespace); err != nil {
			done <- result{err: err}
			return
		}
		listeners, err := listenAll(ctx, addresses)
		done <- result{listeners, err}
	}()
	r := <-done
	return r.listeners, r.err
}

// enter moves the calling thread into a namespace, which must not be that of the process: there the
// two addresses are Azure's own, or somebody else's.
func enter(namespace string) error {
	target, err := os.Open(filepath.Join("/run/netns", namespace))
	if err != nil {
		return err
	}
	defer target.Close()
	var own, other unix.Stat_t
	if err := errors.Join(unix.Stat("/proc/self/ns/net", &own), unix.Fstat(int(target.Fd()), &other)); err != nil {
		return err
	}
	if own.Ino == other.Ino {
		return errors.New("it is this process's own namespace")
	}
	return unix.Setns(int(target.Fd()), unix.CLONE_NEWNET)
}

func listenAll(ctx context.Context, addresses []string) ([]net.Listener, error) {
	var listeners []net.Listener
	for _, address := range addresses {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", address)
		if err != nil {
			for _, open := range listeners {
				_ = open.Close()
			}
			return nil, err
		}
		listeners = append(listeners, listener)
	}
	return listeners, nil
}
