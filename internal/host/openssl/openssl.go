// Package openssl runs the openssl command, for the few CMS messages that no Go library opens.
package openssl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Limits of one call.
const (
	defaultTimeout = 20 * time.Second
	waitDelay      = 2 * time.Second // for the pipes of a child that was killed
	maxOutput      = 4 << 20
	maxComplaint   = 300
)

// Command is an openssl command. The zero value is the one in PATH with a timeout of 20 seconds.
type Command struct {
	Path    string        // "" for the one in PATH
	Timeout time.Duration // of one call; 0 for the default
}

// DecryptCMS opens a CMS message, DER or BER, with the private key in the file keyPath. The message
// goes in by standard input and the plain text comes by standard output; only the name of the key
// file is on the command line. No recipient is named, so openssl tries the key on each
// (openssl-cms(1), "-inkey"). The error says what openssl complained about and nothing else.
func (c Command) DecryptCMS(ctx context.Context, message []byte, keyPath string) ([]byte, error) {
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out, complaint := &limited{max: maxOutput}, &limited{max: maxOutput}
	cmd := c.child(ctx, "cms", "-decrypt", "-inform", "DER", "-inkey", keyPath)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(message), out, complaint
	if err := cmd.Run(); err != nil {
		return nil, explain(ctx, err, complaint.buffer.String())
	}
	return out.buffer.Bytes(), nil
}

// child makes a command in its own process group, so that all of it can be killed.
func (c Command) child(ctx context.Context, args ...string) *exec.Cmd {
	name := c.Path
	if name == "" {
		name = "openssl"
	}
	// #nosec G204 -- the one argument that varies is the name of a key file: 40 hexadecimal digits
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = waitDelay
	return cmd
}

func explain(ctx context.Context, err error, complaint string) error {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot run openssl, which this kind of encryption needs: %w", err)
	}
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("cannot wait for openssl: %w", cause)
	}
	return fmt.Errorf("openssl cms: %w: %s", err, firstLine(complaint))
}

// firstLine gives the line that tells the cause; openssl puts consequences below it.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if len(line) > maxComplaint {
		line = line[:maxComplaint]
	}
	return strings.ToValidUTF8(line, "")
}

// limited is a buffer that fails beyond a size, which ends the child. The buffer is not embedded:
// io.Copy would find its ReadFrom and pass by the limit.
type limited struct {
	buffer bytes.Buffer
	max    int
}

// Write keeps p, or fails if the buffer would grow beyond its limit.
func (l *limited) Write(p []byte) (int, error) {
	if l.buffer.Len()+len(p) > l.max {
		return 0, fmt.Errorf("more than %d bytes of output", l.max)
	}
	return l.buffer.Write(p)
}
