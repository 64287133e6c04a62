// Package engine decides what a Docker host looks like. From the settings and one look at the host
// it gives the wanted State; it is pure, so every decision in it is a table test. The three verbs
// are three functions here: Running for enable, Stopped for disable, Gone for uninstall.
package engine

import (
	"path"

	"docker-extension/internal/project"
	"docker-extension/internal/registry"
	"docker-extension/internal/state"
)

// The units of the engine. Docker's own packages, Debian's and Ubuntu's all have both.
const (
	Service = "docker.service"
	Socket  = "docker.socket"
)

// Containerd runs the containers for the engine. It comes with the engine's packages and is a person's
// to configure; all that is wanted of it is that it runs.
const Containerd = "containerd.service"

// The group whose members may talk to the engine without being root.
const group = "docker"

// The files that the extension may own.
const (
	DaemonJSON   = "/etc/docker/daemon.json"
	CAFile       = "/etc/docker/ca.pem"
	CertFile     = "/etc/docker/cert.pem"
	KeyFile      = "/etc/docker/key.pem"
	SocketDropIn = "/etc/systemd/system/docker.socket.d/50-docker-extension.conf"
)

// The folders with everything that the engine keeps: images, containers and volumes. Since Docker
// 29 the images of a fresh installation are in containerd's folder.
const (
	dockerData     = "/var/lib/docker"
	containerdData = "/var/lib/containerd"
)

// Paths lists the files that a survey has to look at.
func Paths() []string {
	return []string{DaemonJSON, CAFile, CertFile, KeyFile, SocketDropIn, ServiceDropIn, ProxyFile, ComposeFile}
}

// SourcePaths lists more files to look at, which belong to apt. What is no regular file there counts
// as missing: most hosts have no docker.source, and then it is none of our business.
func SourcePaths() []string { return []string{SourceFile, KeyringFile} }

// Nests lists the folders of those files, which are not left behind empty, the inner ones first.
func Nests() []string {
	return []string{project.Folder, path.Dir(DaemonJSON), path.Dir(SocketDropIn), path.Dir(ServiceDropIn), path.Dir(registry.File)}
}

// Private tells whether a folder, where it has to be made, is for root alone.
func Private(folder string) bool {
	return folder == project.Folder || folder == path.Dir(registry.File)
}

// Units lists the units that a survey has to look at.
func Units() []string { return []string{Service, Socket, Containerd} }

// Folders lists the data folders that a survey has to look for.
func Folders() []string { return []string{dockerData, containerdData} }

// have gives what is there, as far as it can be compared with what is wanted.
func have(facts state.Facts) state.State {
	loaded := loadedFrom(facts.Files)
	s := state.State{
		Files:    facts.Files,
		Packages: facts.Packages,
		Choice:   facts.Ledger.Choice,
		Units:    map[string]state.Unit{},
		Members:  map[state.Member]bool{},
		Purged:   map[string]bool{},
		Accounts: proved(facts.Ledger),
	}
	for name, u := range facts.Units {
		started, reloaded := lastRead(facts.Ledger, name, loaded[name])
		s.Units[name] = state.Unit{Enabled: u.Enabled, Active: u.Active, Started: started, Reloaded: reloaded}
	}
	for _, folder := range Folders() {
		s.Purged[folder] = !facts.Folders[folder]
	}
	for _, user := range facts.Groups[group] {
		s.Members[state.Member{User: user, Group: group}] = true
	}
	return s
}

// lastRead gives the digests of what a unit has read. A unit that is not in the ledger was never
// touched by us, so it has read what is on disk. For a unit that is in the ledger the two must
// agree: where they do not, either a run was cut off between the write and the restart, or a person
// changed the file; in both cases nobody knows what the unit works with, and the digests are unknown.
func lastRead(ledger state.Ledger, unit string, onDisk state.Loaded) (started, reloaded state.Digest) {
	loaded, known := ledger.Units[unit]
	if known && (loaded.Started != onDisk.Started || loaded.Reloaded != onDisk.Reloaded) {
		return "", ""
	}
	return onDisk.Started, onDisk.Reloaded
}

// givenBack gives the file as it was before we first wrote it.
func givenBack(found state.Found) state.File {
	return state.File{Exists: found.Existed, Mode: fileMode(found.Mode), Content: found.Content}
}
