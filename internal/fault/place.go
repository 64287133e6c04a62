package fault

import (
	"fmt"
	"strconv"
	"strings"
)

// maxKeyShown is how much of a key gets into a place, in bytes. Longer ones are text that slipped.
const maxKeyShown = 64

// Member gives the place of a member from the place of its object: `docker.daemon` and `a b` give
// `docker.daemon["a b"]`. Keys that would not be seen as such get brackets and quotes; keys that are too
// long, or look like PEM, are not shown.
func Member(place, key string) string {
	const bare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	switch {
	case len(key) > maxKeyShown || strings.Contains(key, "-----"):
		return place + fmt.Sprintf("[a key of %d bytes]", len(key))
	case key != "" && strings.Trim(key, bare) == "":
		return place + "." + key
	default:
		return place + "[" + strconv.Quote(key) + "]"
	}
}
