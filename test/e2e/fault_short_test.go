//go:build !long

package e2e

import "time"

const (
	wholeTable = false           // only the rows that are brief
	held       = 8 * time.Second // how long somebody holds a lock
)
