// Package lists compares and joins lists of names.
package lists

import "slices"

// Without gives the items of a list that are not in another one, in their order.
func Without(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(item string) bool { return slices.Contains(others, item) })
}

// Shared gives the items of a list that are in another one too, in their order.
func Shared(list, others []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(item string) bool { return !slices.Contains(others, item) })
}

// Union gives the items of both lists, each once, sorted.
func Union(list, others []string) []string {
	all := slices.Concat(list, others)
	slices.Sort(all)
	return slices.Compact(all)
}
