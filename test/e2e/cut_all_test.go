//go:build long

package e2e

// sample is how far apart the points in the middle of a program are at which two of the ways are tried.
const sample = 3

// told gives the plots: all.
func told() []plot { return plots() }

// chosen gives the ways in which a run is cut off at a point: it is killed everywhere, and loses its power
// before each effect of its own. In the middle of a program that it has started, every third point has
// the power cut, and every third the death of that program as well: there it is dpkg that is tested, and
// systemd kills what is left of a unit anyway.
func chosen(_ plot, all []point, at int) []way {
	ways := []way{killed}
	if !all[at].child || at%sample == 0 {
		ways = append(ways, powerCut)
	}
	if all[at].child && at%sample == 1 {
		ways = append(ways, killedWithChildren)
	}
	return ways
}
