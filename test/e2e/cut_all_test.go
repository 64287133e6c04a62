//go:build long

package e2e

// chosen gives the ways in which a run is cut off at a point: all of them, everywhere.
func chosen(all []point, at int) []way {
	if all[at].child {
		return []way{killed, killedWithChildren, powerCut}
	}
	return []way{killed, powerCut}
}
