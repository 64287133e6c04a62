package handler

import "syscall"

// thread gives the number of this thread, as the agent's events have it.
func thread() int { return syscall.Gettid() }
