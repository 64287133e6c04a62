package trace

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// followed asks for a report of every child, thread and program of a process, and marks the stops at
// system calls (ptrace(2)).
const followed = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
	unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL

// call is a system call that a thread is about to make.
type call struct {
	number uint64
	args   [6]uint64
}

// seize attaches to a process, which goes on.
func seize(pid int) error { return ptrace(unix.PTRACE_SEIZE, pid, 0, followed) }

// resume lets a thread go on to its next stop, or to its next system call, and delivers a signal.
func resume(pid int, request uintptr, signal unix.Signal) error {
	return ptrace(request, pid, 0, uintptr(signal))
}

func ptrace(request uintptr, pid int, address, data uintptr) error {
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, request, uintptr(pid), address, data, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// entering gives the system call that a stopped thread is about to make; false if it is coming out of one.
func entering(pid int) (call, bool) {
	var info struct { // struct ptrace_syscall_info
		op      uint8
		_       [7]byte
		_       [2]uint64
		number  uint64
		args    [6]uint64
		retData uint32
		_       uint32
	}
	_, _, errno := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(pid),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	return call{info.number, info.args}, errno == 0 && info.op == unix.PTRACE_SYSCALL_INFO_ENTRY
}

// peek reads up to length bytes of a process's memory; fewer where its last page ends.
func peek(pid int, address uint64, length int) []byte {
	const page = 4096
	found := make([]byte, 0, length)
	for len(found) < length {
		at := address + uint64(len(found))
		part := make([]byte, min(length-len(found), page-int(at%page)))
		local := unix.Iovec{Base: &part[0]}
		local.SetLen(len(part))
		n, err := unix.ProcessVMReadv(pid, []unix.Iovec{local}, []unix.RemoteIovec{{Base: uintptr(at), Len: len(part)}}, 0)
		if err != nil || n == 0 {
			break
		}
		found = append(found, part[:n]...)
	}
	return found
}
