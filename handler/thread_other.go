//go:build !linux

package handler

import "os"

// thread gives the number of this process: where there is no agent, nobody reads an event.
func thread() int { return os.Getpid() }
