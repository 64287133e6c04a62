// Package dockerd holds what is known about the Docker daemon's command line and its configuration
// file, from Docker 20.10 to 29, and nothing about any host: every function here is pure.
//
// It answers five questions. What do these flags say in daemon.json (Translate)? Would a daemon take
// this object (CheckDaemon, Union, CheckTogether)? What in a file keeps an engine of some version, or any,
// from starting (Needs, Impossible)? Which changes does the daemon take up on SIGHUP (Reloadable,
// DropReloadable)? And what should daemon.json say when our keys meet those of a person (Merge)?
//
// The facts were read in moby's own source at v1.13.1, v17.12.0, v20.10.24, v23.0.6, v24.0.9,
// v25.0.6, v26.1.5, v27.0.3, v27.3.1, v28.0.4 to v28.5.2 and v2.0.0-beta.1 to beta.24 (which is
// Docker 29): the flags in cmd/dockerd/config*.go and options.go (29: daemon/command), the keys in
// daemon/config/config*.go. When a release dropped something, and what to use instead, is in
// docker/cli docs/deprecated.md. The tests compare the table with what dockerd 20.10.24 and 26.1.5
// print for --help, and with the flag definitions of 23, 28 and 29.
package dockerd
