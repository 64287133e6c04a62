//go:build !linux

package files

import (
	"errors"
	"os"
)

// openNameless does nothing: the extension itself runs on Linux only.
func openNameless(string, int64) (*os.File, error) { return nil, errors.ErrUnsupported }

func name(*os.File, string) error { return errors.ErrUnsupported }
