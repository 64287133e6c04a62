//go:build long

package e2e

import "time"

const (
	wholeTable = true
	held       = 120 * time.Second
)
