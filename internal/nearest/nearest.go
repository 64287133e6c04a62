// Package nearest guesses which known name a person meant who wrote another one.
package nearest

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// longest is the longest text that can be a slip, in bytes: no name of ours comes near it, and what is longer
// is no name but a text at the wrong place.
const longest = 64

// Name gives the known name that a mistyped one most likely means; "" if none is near. Case does not count.
// One slip is allowed, and one more for every three letters, three at most; two letters that changed places
// are two. Of names that are equally near, the first wins.
func Name(mistyped string, known []string) string {
	if len(mistyped) > longest {
		return ""
	}
	best, bound := "", 1+min(3, 1+len(mistyped)/3)
	for _, name := range known {
		if slips := levenshtein.ComputeDistance(strings.ToLower(mistyped), strings.ToLower(name)); slips < bound {
			best, bound = name, slips
		}
	}
	return best
}
