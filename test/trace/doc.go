// Package trace follows a process from outside, with ptrace(2), and stands still before each of its
// effects on the host: a file that appears, is renamed or goes, a job that it gives to systemd, a request
// that changes something at the container engine, a program that it starts. A test can kill the process
// there, or take the power from its machine. The process needs no hooks for it, and does not know.
//
//	err := trace.Follow(ctx, pid, func(e trace.Effect) { fmt.Println(e) })
//
// Not reported is what nobody sees of a process that has died: the bytes of a file under its temporary
// name, its mode and owner, and whether it was flushed; a rename follows, which is. A log line is none
// either. Programs that it starts are followed, two generations deep, as are the starts of their own
// children: apt-get, dpkg and the scripts of packages are there, what a script calls is not.
package trace
