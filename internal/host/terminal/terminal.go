// Package terminal is the hand that asks whether a person watches.
package terminal

import (
	"os"

	"golang.org/x/sys/unix"
)

// usual is the width of a terminal that does not say, as serial consoles do.
const usual = 80

// Width gives the columns of the terminal behind a file; 0 if it is no terminal.
func Width(file *os.File) int {
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	if size.Col == 0 {
		return usual
	}
	return int(size.Col)
}
