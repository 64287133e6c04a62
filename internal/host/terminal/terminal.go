// Package terminal is the hand that asks whether a person watches.
package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

// Width gives the columns of the terminal behind a file; 0 if it is no terminal.
func Width(file *os.File) int {
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return max(int(size.Col), 1)
}
