//go:build !long

package e2e

import "docker-extension/test/bodies"

// chosenKey leaves out keys that are slow, and that another one speaks for.
func chosenKey(key bodies.Key) bool { return !key.Slow }

// compared tells whether a step is compared with a fresh VM in the short run: all steps of some keys, and
// those of other keys that lead to the same settings as one of them. Most keys are dropped to nothing.
func compared(key bodies.Key, b bodies.Body) bool {
	return key.Path == "publicSettings.docker.port" || key.Path == "publicSettings.compose" || b == bodies.Body{Public: `{}`}
}
