// Package e2e has the tests of the whole: the zip, played by the fake agent, in a disposable VM of
// each Debian release, with real systemd, apt, engine and containers. DOCKER_EXTENSION_PACKAGE names
// the zip; `make test` builds it and sets the variable.
package e2e
