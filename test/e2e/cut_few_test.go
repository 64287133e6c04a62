//go:build !long

package e2e

import "slices"

// chosen gives the ways in which a run is cut off at a point in the short form: each of them once, at
// points that are a third of the run apart.
func chosen(all []point, at int) []way {
	var ways []way
	if at == len(all)/4 {
		ways = append(ways, killed)
	}
	if child := slices.IndexFunc(all[len(all)/2:], func(p point) bool { return p.child }); child >= 0 && at == len(all)/2+child {
		ways = append(ways, killedWithChildren)
	}
	if at == len(all)*3/4 {
		ways = append(ways, powerCut)
	}
	return ways
}
