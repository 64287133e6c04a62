// Package bodies makes settings bodies for tests: valid ones from a JSON Schema, and mutilated ones from
// valid ones. The same source of randomness gives the same bodies.
package bodies
