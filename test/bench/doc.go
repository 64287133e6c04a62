// Bench is the program behind "make bench": it measures, in fresh VMs of every suite, how long the extension
// takes for what people wait for, against the same done by hand, and writes a table and JSON.
//
// Variants of one scenario take turns, in changing order, so that a machine that gets slower for a while
// spoils all of them alike; what counts are medians, and ratios within one run. Packages come from a mirror
// on this host that asks the real one once for each file, so that the network does not decide: index and
// packages are the real ones, and one run goes over the network for comparison.
package main
