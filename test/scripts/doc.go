// Package scripts runs the built program, without root, on a folder that stands for a VM: scripts in
// testdata play the agent and a person, package fake plays the rest of the VM. The scripts are
// testscript's (github.com/rogpeppe/go-internal/testscript); commands_test.go has the words that
// they may use beside testscript's own. "go test -update" writes anew what the scripts compare with.
package scripts
