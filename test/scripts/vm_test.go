package scripts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"

	"docker-extension/test/harness/agent"
	"docker-extension/test/scripts/fake"
)

const handlerName = "Test.Docker"

// vm is a folder that stands for a VM, with an agent that calls the program in it.
type vm struct {
	root, program   string
	port, otherPort string // that nobody else listens on
	tenant          *agent.Tenant
	host            *fake.Host
	kept            map[string]string // what the tree looked like
}

type key struct{}

func newVM(dir, program string, tenant *agent.Tenant) (*vm, error) {
	v := &vm{root: filepath.Join(dir, "root"), program: program, tenant: tenant}
	var err error
	if v.port, err = freePort(); err != nil {
		return nil, err
	}
	if v.otherPort, err = freePort(); err != nil {
		return nil, err
	}
	if err := v.lay(); err != nil {
		return nil, err
	}
	v.host, err = fake.Start(v.root, environ())
	return v, err
}

// environ keeps a program with the race detector from waiting for a second at its end, which is what
// it does by default (https://go.dev/doc/articles/race_detector, atexit_sleep_ms).
func environ() []string { return []string{"GORACE=atexit_sleep_ms=0"} }

var lastPort atomic.Int32

// freePort gives a port below those that Linux gives out by itself (ip_local_port_range in ip(7)).
func freePort() (string, error) {
	for range 1000 {
		port := strconv.Itoa(20000 + (os.Getpid()*64+int(lastPort.Add(1)))%10000)
		if listener, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			return port, listener.Close()
		}
	}
	return "", errors.New("no free port")
}

// lay makes what Azure and Debian have put on the VM.
func (v *vm) lay() error {
	lib := "/var/lib/waagent/"
	for path, content := range map[string]string{
		"/etc/os-release":                         "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nID=debian\nVERSION_ID=\"13\"\nVERSION_CODENAME=trixie\n",
		"/etc/passwd":                             "root:x:0:0:root:/root:/bin/bash\nazureuser:x:1000:1000::/home/azureuser:/bin/bash\n",
		"/etc/group":                              "root:x:0:\n",
		"/etc/sudoers.d/90-cloud-init-users":      "azureuser ALL=(ALL) NOPASSWD:ALL\n",
		"/var/lib/dpkg/status":                    "Package: bash\nStatus: install ok installed\n\n",
		"/var/log/azure/Test.Docker/events/.keep": "",
		lib + v.tenant.Thumbprint + ".crt":        string(v.tenant.Certificate),
		lib + v.tenant.Thumbprint + ".prv":        string(v.tenant.Key),
	} {
		if err := v.write(path, []byte(content)); err != nil {
			return err
		}
	}
	return v.unpack("1.0.0")
}

func (v *vm) write(path string, content []byte) error {
	full := filepath.Join(v.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	return os.WriteFile(full, content, 0o644)
}

func handlerDir(version string) string { return "/var/lib/waagent/" + handlerName + "-" + version }

// unpack lays one version of the extension, as the agent does before it calls its first command.
func (v *vm) unpack(version string) error {
	dir, log := handlerDir(version), "/var/log/azure/"+handlerName
	environment, err := json.Marshal([]any{map[string]any{"version": 1.0, "name": handlerName, "handlerEnvironment": map[string]string{
		"logFolder": log, "configFolder": dir + "/config", "statusFolder": dir + "/status",
		"heartbeatFile": dir + "/heartbeat.log", "eventsFolder": log + "/events",
	}}})
	if err != nil {
		return err
	}
	for _, folder := range []string{"bin", "config", "status"} {
		if err := os.MkdirAll(filepath.Join(v.root, dir, folder), 0o755); err != nil {
			return err
		}
	}
	return errors.Join(
		os.Link(v.program, filepath.Join(v.root, dir, "bin", "docker-extension")),
		v.write(dir+"/HandlerEnvironment.json", environment),
		v.write(dir+"/config/HandlerState", []byte("NotInstalled")),
	)
}

// settings writes a settings file with the protected part encrypted.
func (v *vm) settings(version, sequence string, public, protected []byte) error {
	file, err := agent.Settings{Public: public, Protected: protected}.Seal(context.Background(), v.tenant)
	if err != nil {
		return err
	}
	content, err := file.Bytes()
	if err != nil {
		return err
	}
	return v.write(handlerDir(version)+"/config/"+sequence+".settings", content)
}

// call runs a command as the agent does: in the handler's folder, with the agent's small environment
// and its variables. It gives the exit code.
func (v *vm) call(version, verb, sequence string, stdout, stderr io.Writer, variables ...string) (int, error) {
	dir := filepath.Join(v.root, handlerDir(version))
	command := exec.Command(filepath.Join(dir, "bin", "docker-extension"), "--root", v.root, verb)
	command.Dir = dir
	command.Env = append(environ(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
		"ConfigSequenceNumber="+sequence, "AZURE_GUEST_AGENT_EXTENSION_PATH="+handlerDir(version),
		"AZURE_GUEST_AGENT_EXTENSION_VERSION="+version)
	command.Env = append(command.Env, variables...)
	command.Stdout, command.Stderr = stdout, stderr
	err := command.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	return command.ProcessState.ExitCode(), err
}

// tree gives one line for each file, link and folder below the root, but for what every run may
// write: log, events, the status, its locks, and what the agent itself lays for a call.
func (v *vm) tree() (map[string]string, error) {
	lines := map[string]string{}
	err := filepath.WalkDir(v.root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(v.root, path)
		if passedOver(name) {
			return nil
		}
		lines[name], err = describe(path, entry)
		return err
	})
	return lines, err
}

// same is an error unless the tree is as it was kept.
func (v *vm) same() error {
	now, err := v.tree()
	if err != nil || maps.Equal(now, v.kept) {
		return err
	}
	text := fmt.Sprintf("the tree is not as it was: %d entries, was %d", len(now), len(v.kept))
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if now[name] != v.kept[name] {
			text += fmt.Sprintf("\n%s\n  was %q\n  is  %q", name, v.kept[name], now[name])
		}
	}
	return errors.New(text)
}

func passedOver(name string) bool {
	for _, pattern := range []string{
		"var/log/azure/*/*", "var/log/azure/*/events/*", "var/lib/waagent/*/status/*", "var/lib/waagent/*/config/*.settings",
		"run/docker-extension", "run/docker-extension/*.lock", "run/*.sock", "run/systemd/private",
	} {
		if matched, err := filepath.Match(pattern, name); matched || err != nil {
			return true
		}
	}
	return false
}

// describe tells a file with its content, and with its time: the same bytes written anew are a change.
func describe(path string, entry fs.DirEntry) (string, error) {
	info, err := entry.Info()
	if err != nil {
		return "", err
	}
	switch {
	case entry.IsDir():
		return info.Mode().String(), nil
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		return "-> " + target, err
	}
	content, err := os.ReadFile(path)
	if len(content) > 1<<20 {
		content = nil // the program itself
	}
	return fmt.Sprintf("%s %s %s", info.Mode(), info.ModTime().Format("15:04:05.000000000"), bytes.TrimSpace(content)), err
}
