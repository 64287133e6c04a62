package dockerd

// nearest gives the known name that a mistyped one most likely means, or nothing if none is near:
// one edit in a short name, two in a longer one (two letters that changed places are two), and one
// for each three letters in a long one. Of two that are equally near, the first wins.
func nearest(name string, known []string) string {
	allowed := max(2, len(name)/3)
	if len(name) < 4 {
		allowed = 1
	}
	best, bound := "", allowed+1
	for _, candidate := range known {
		if d := distance(name, candidate); d < bound {
			best, bound = candidate, d
		}
	}
	return best
}

// distance is the Levenshtein distance of two names, in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
