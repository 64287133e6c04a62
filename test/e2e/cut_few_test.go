//go:build !long

package e2e

import "slices"

// told gives the plots of the short run.
func told() []plot {
	return slices.DeleteFunc(plots(), func(p plot) bool { return len(p.brief) == 0 })
}

// chosen gives the ways in which a run is cut off at a point in the short run: each of the plot's once, at
// points that are spread over the run.
func chosen(p plot, all []point, at int) []way {
	var ways []way
	for i, how := range p.brief {
		aim := len(all) * (2*i + 1) / (2 * len(p.brief))
		if how == killedWithChildren {
			aim += max(slices.IndexFunc(all[aim:], func(p point) bool { return p.child }), 0)
		}
		if at == aim {
			ways = append(ways, how)
		}
	}
	return ways
}
