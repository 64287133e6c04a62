//go:build !long

package e2e

import "docker-extension/test/bodies"

// chosenKey leaves out keys that are slow or stop the engine, and that another test speaks for.
func chosenKey(key bodies.Key) bool { return !key.Slow && !key.Stops }

// compared tells whether a step is compared with a fresh VM in the short run: all steps of one key, and those
// of other keys that lead to the same settings as one of them. Most keys are dropped to nothing.
func compared(key bodies.Key, b bodies.Body) bool {
	return key.Path == "publicSettings.docker.port" || b == bodies.Body{Public: `{}`}
}
