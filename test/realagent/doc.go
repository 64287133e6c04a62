// Package realagent has the tests with the real Azure Linux Agent: the distribution's own package, in
// a disposable VM of each Debian release, fed by the fake fabric. What the agent uploads is what the
// portal would show, and is what the tests look at. DOCKER_EXTENSION_PACKAGE names the zip;
// `make test` builds it and sets the variable.
package realagent
