package agent

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The agent's codes in a handler's status (azurelinuxagent/common/exception.py, ExtensionErrorCodes).
const (
	CodeOK        = 0
	CodeUnknown   = -1
	CodeDownload  = 1001
	CodeInstall   = 1007
	CodeUpdate    = 1008
	CodeEnable    = 1009
	CodeDisable   = 1010
	CodeTimeout   = 1011
	CodeBadStatus = 1012
)

// wireServer is the fabric's address; handlers are told it and should not use it.
const wireServer = "168.63.129.16"

// features is AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES, as the agent writes it.
const features = `[{"Key": "ExtensionTelemetryPipeline", "Value": "1.0"}]`

// Call is one command of a handler that was run.
type Call struct {
	Version, Verb string
	// Command is what /bin/sh -c was given.
	Command string
	// Env is the whole environment, "KEY=value", sorted.
	Env []string
	// ExitCode is the shell's; 137 after a timeout.
	ExitCode int
	TimedOut bool
	// Stdout and Stderr are the first 3,200 bytes of each stream.
	Stdout, Stderr []byte
	Started        time.Time
	Took           time.Duration
}

// Var gives the value of an environment variable of the call; ok is false when it was not set.
func (c Call) Var(key string) (value string, ok bool) {
	for _, pair := range c.Env {
		if value, ok = strings.CutPrefix(pair, key+"="); ok {
			return value, true
		}
	}
	return "", false
}

// OperationError is a command that failed, in the agent's words.
type OperationError struct {
	// Code is the agent's code for the handler's status.
	Code    int
	Message string
	// Call is the command; its zero value when it did not come to that.
	Call Call
}

// Error gives the message that the agent puts into the handler's status.
func (e *OperationError) Error() string { return e.Message }

// codeOf gives the code that the agent reports when verb fails; uninstall has none of its own.
func codeOf(verb string) int {
	code, ok := map[string]int{
		"install": CodeInstall, "enable": CodeEnable, "disable": CodeDisable, "update": CodeUpdate,
	}[verb]
	if !ok {
		return CodeUnknown
	}
	return code
}

// Run runs one command of handler h at sequence number seq, and nothing else: no settings are
// written, no state is changed. Extra variables are "KEY=value". A command that fails or runs into
// the agent's timeout gives an *OperationError and the call all the same.
func (a *Agent) Run(ctx context.Context, h Handler, verb string, seq int, extra ...string) (Call, error) {
	manifest, err := h.manifest()
	if err != nil {
		return Call{}, &OperationError{Code: CodeUnknown, Message: err.Error()}
	}
	command := manifest.command(verb)
	if command == "" {
		return Call{}, &OperationError{Code: CodeUnknown, Message: "KeyError: '" + verb + "Command'"}
	}
	call := Call{
		Version: h.version,
		Verb:    verb,
		Command: path.Join(a.machine.GuestPath(h.Dir())) + "/" + strings.TrimLeft(command, "/"),
		Env:     a.environ(h, seq, extra),
		Started: time.Now(),
	}
	a.logf("%s %s (sequence number %d)", h.version, verb, seq)
	if err := a.launch(ctx, h, &call); err != nil {
		return call, err
	}
	call.Took = time.Since(call.Started)
	a.record(call)
	a.logf("%s %s ended with %d after %s", h.version, verb, call.ExitCode, call.Took.Round(time.Millisecond))
	return call, a.judge(h, call)
}

// judge logs the call where the agent does and turns a failure into the agent's words.
func (a *Agent) judge(h Handler, call Call) error {
	merged := merge(call.Stdout, call.Stderr)
	line := fmt.Sprintf("%s\nCommand: %s\nEnvironment: %s\nExit code: %d\n%s\n", call.Started.UTC().Format(time.RFC3339),
		call.Command, strings.Join(call.Env, " "), call.ExitCode, merged)
	if err := a.appendLog(path.Join(h.logDir(), "CommandExecution.log"), line); err != nil {
		return err
	}
	if call.TimedOut {
		seconds := a.options.Timeouts.of(call.Verb).Seconds()
		message := fmt.Sprintf("[ExtensionError] Timeout(%v): %s\n%s", seconds, call.Command, merged)
		return &OperationError{Code: CodeTimeout, Message: message, Call: call}
	}
	if call.ExitCode == 0 {
		return nil
	}
	message := fmt.Sprintf("[ExtensionOperationError] Non-zero exit code: %d, %s\n%s", call.ExitCode, call.Command, merged)
	return &OperationError{Code: codeOf(call.Verb), Message: message, Call: call}
}

func (a *Agent) appendLog(file, text string) error {
	log, err := os.OpenFile(a.machine.HostPath(file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	_, err = log.WriteString(text)
	return err
}

// environ gives the environment of a command: what is handler-specific, overwritten by what the
// agent itself has (exthandlers.py, launch_command).
func (a *Agent) environ(h Handler, seq int, extra []string) []string {
	values := map[string]string{}
	given := []string{
		"ConfigSequenceNumber=" + strconv.Itoa(seq),
		"AZURE_GUEST_AGENT_EXTENSION_PATH=" + a.machine.GuestPath(h.Dir()),
		"AZURE_GUEST_AGENT_EXTENSION_VERSION=" + h.version,
		"AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS=" + wireServer,
		"AZURE_GUEST_AGENT_EXTENSION_SUPPORTED_FEATURES=" + features,
	}
	for _, pair := range slices.Concat(given, extra, a.options.Environ) {
		key, value, _ := strings.Cut(pair, "=")
		values[key] = value
	}
	var environ []string
	for key, value := range values {
		environ = append(environ, key+"="+value)
	}
	slices.Sort(environ)
	return environ
}

// launchScript is run on the machine. It starts the command as the leader of a session and a process
// group of its own, in the handler's folder, with its output in files, and waits for it alone: a
// grandchild that holds the files does not keep it. Arguments: folder, stem of its files, then the
// program with its environment.
const launchScript = `cd "$1" || exit 125
stem=$2
shift 2
setsid "$@" >"$stem.out" 2>"$stem.err" </dev/null &
echo $! >"$stem.new" && mv "$stem.new" "$stem.pid"
wait $!`

// launch runs call's command, kills its process group at the timeout or when ctx ends, and fills in
// what came of it.
func (a *Agent) launch(ctx context.Context, h Handler, call *Call) error {
	folder := path.Join(LibDir, "harness")
	if err := a.files.mkdir(folder, 0o700); err != nil {
		return err
	}
	stem := path.Join(folder, rand.Text())
	defer a.removeOutput(stem)
	argv := append([]string{"/bin/sh", "-c", launchScript, "agent", a.machine.GuestPath(h.Dir()), a.machine.GuestPath(stem),
		"/usr/bin/env", "-i"}, call.Env...)
	argv = append(argv, "/bin/sh", "-c", call.Command)

	limit, cancel := context.WithTimeout(ctx, a.options.Timeouts.of(call.Verb))
	defer cancel()
	finished, watched := make(chan struct{}), make(chan bool, 1)
	go func() { watched <- a.killAfter(limit, finished, stem) }()
	output, err := a.machine.Run(context.WithoutCancel(ctx), nil, argv...)
	close(finished)
	call.TimedOut = <-watched
	if err != nil {
		return fmt.Errorf("cannot run %s: %w: %s", call.Command, err, output.Stderr)
	}
	if err := ctx.Err(); err != nil && call.TimedOut {
		return fmt.Errorf("%s was stopped: %w", call.Command, err)
	}
	call.ExitCode = output.ExitCode
	call.Stdout, call.Stderr = a.head(stem+".out"), a.head(stem+".err")
	return nil
}

// killAfter sends SIGKILL to the command's process group when limit ends before finished does, and
// says whether it did. A command that has just been started may have no group of its own yet.
func (a *Agent) killAfter(limit context.Context, finished <-chan struct{}, stem string) bool {
	select {
	case <-finished:
		return false
	case <-limit.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(limit), time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if pid, err := a.files.read(stem + ".pid"); err == nil {
			group := "-" + string(bytes.TrimSpace(pid))
			output, err := a.machine.Run(ctx, nil, "/bin/sh", "-c", `kill -s KILL -- "$1"`, "kill", group)
			if err == nil && output.ExitCode == 0 {
				return true
			}
		}
		select {
		case <-finished:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

// head gives the first 3,200 bytes of a file; none when it cannot be read.
func (a *Agent) head(file string) []byte {
	stream, err := os.Open(a.machine.HostPath(file))
	if err != nil {
		return nil
	}
	defer stream.Close()
	content := make([]byte, outputLimit)
	n, _ := stream.Read(content)
	return content[:n]
}

func (a *Agent) removeOutput(stem string) {
	for _, suffix := range []string{".out", ".err", ".new", ".pid"} {
		_ = a.files.remove(stem + suffix)
	}
}
