// Package arch holds tests of the sources themselves: which room may import which, what only one
// place may do, how long things may grow, and that the documents say what the code says.
package arch
